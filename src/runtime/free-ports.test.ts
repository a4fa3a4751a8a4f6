/** Ports for tests and the demonstration: free, never the same twice, and no others than the systems leave to servers. */
import { createServer, type Server } from 'node:net'
import { expect, test } from 'vitest'
import { freePorts, isFree } from './free-ports.ts'

/** Where Linux begins to take ports for outgoing connections, and others later. */
const EPHEMERAL = 32_768

function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}

test('ports are free, different from call to call, and below those of outgoing connections', async () => {
  const ports = [...(await freePorts(20)), ...(await freePorts(20))]
  expect(new Set(ports).size).toBe(40)
  expect(Math.min(...ports)).toBeGreaterThan(1024)
  expect(Math.max(...ports)).toBeLessThan(EPHEMERAL)
  for (const port of ports) expect(await isFree(port), `${port}`).toBe(true)
})

test('one on which somebody listens is passed over', async () => {
  const [last] = (await freePorts(1)) as [number]
  const server = await listen(last + 1)
  try {
    expect(await isFree(last + 1)).toBe(false)
    expect(await freePorts(3)).not.toContain(last + 1)
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
})
