/** Joining by way of a master that is away, or not everybody has come to: one line for each thing waited for. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { fetchConfig, joinCluster } from './remote-config.ts'

const CONFIG = { address: { '1.1': 'tcp://127.0.0.1:1736' }, http_address: { '1.1': 'http://127.0.0.1:8081' } }

let server: Server | null = null
afterEach(() => new Promise((resolve) => (server ? server.close(resolve) : resolve(null))))

/** Listens as a master that gives these answers, the last one for ever. */
async function master(port: number, ...answers: [status: number, text: string][]): Promise<number> {
  server = createServer((_request, response) => {
    const [status, text] = answers.length > 1 ? answers.shift()! : answers[0]!
    response.writeHead(status).end(text)
  })
  await new Promise<void>((resolve) => server!.listen(port, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

async function closedPort(): Promise<number> {
  const port = await master(0, [200, ''])
  await new Promise((resolve) => server!.close(resolve))
  server = null
  return port
}

test('a master that is away is asked again, and that is said once', async () => {
  const port = await closedPort()
  const said: string[] = []
  const joined = joinCluster(`127.0.0.1:${port}`, '1.1', (sentence) => {
    said.push(sentence)
    if (said.length === 1) void master(port, [503, 'waiting for 1 more node\n'], [200, JSON.stringify(CONFIG)])
  })
  expect((await joined).address).toEqual(CONFIG.address)
  expect(said).toEqual([
    expect.stringMatching(/ECONNREFUSED.*; trying again for 30 s$/),
    `master 127.0.0.1:${port}: waiting for 1 more node`,
  ])
})

test('one that stays away is given up', async () => {
  const port = await closedPort()
  const joined = joinCluster(`127.0.0.1:${port}`, '1.1', () => {}, 0)
  await expect(joined).rejects.toMatchObject({ code: 'unavailable', message: expect.stringMatching(/ECONNREFUSED/) })
})

test('an answer without end is cut off, and the master is not asked again', async () => {
  let sent = 0
  server = createServer((_request, response) => {
    const chunk = Buffer.alloc(2 ** 20, ' ')
    const more = () => {
      // As much as a test should ever take: without a bound it is read to this end.
      while (sent < 2 ** 26) {
        sent += chunk.length
        if (!response.write(chunk)) return
      }
      response.end()
    }
    response.on('drain', more)
    more()
  })
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve))
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const failure = { code: 'config', message: `master ${address}: the answer has more than 16777216 bytes` }
  await expect(fetchConfig(address)).rejects.toMatchObject(failure)
  await expect(joinCluster(address, '1.1', () => expect.unreachable())).rejects.toMatchObject(failure)
})

test('what a master refuses is not asked again', async () => {
  const port = await master(0, [409, 'the cluster has its 2 nodes'], [200, JSON.stringify(CONFIG)])
  const joined = joinCluster(`127.0.0.1:${port}`, '1.1', () => expect.unreachable())
  await expect(joined).rejects.toMatchObject({ code: 'config', message: expect.stringMatching(/409 the cluster/) })
  await expect(joinCluster('a b', '1.1', () => {})).rejects.toMatchObject({ code: 'usage' })
})
