/** Clients of the master that ask for much at once, or take nothing: they hold up nobody, and have a bound each. */
import type { AddressInfo, Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { afterEach, expect, test } from 'vitest'
import { createMasterServer } from './master.ts'
import { Roster } from './roster.ts'
import { RawClient } from './testing/raw-client.ts'
import { request } from './testing/test-server.ts'

const ended: (() => unknown)[] = []

afterEach(async () => {
  for (const end of ended.splice(0)) await end()
})

/** A master without nodes: a client of it, and how many answers have not left. */
async function start(stalledMs?: number) {
  const roster = new Roster({ size: 2, peerPort: 10, httpPort: 20, transport: 'tcp', template: {} })
  const app: FastifyInstance = createMasterServer(roster, () => {}, stalledMs)
  const counts = { open: 0, most: 0 }
  const sockets: Socket[] = []
  app.server.on('connection', (socket) => sockets.push(socket))
  app.server.prependListener('request', (_request, response) => {
    counts.most = Math.max(counts.most, ++counts.open)
    response.once('close', () => (counts.open -= 1))
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const client = new RawClient((app.server.address() as AddressInfo).port)
  ended.push(
    () => client.close(),
    () => app.close(),
  )
  return { client, counts, sockets }
}

test.each([
  ['/config', 503],
  ['/nodes/%zz', 400],
  ['/nothing', 404],
])('of many requests for %s at once few are read before the first are answered', async (target, status) => {
  const { client, counts } = await start()
  const count = 3000
  client.send(request(`GET ${target}`).repeat(count))
  for (let at = 0; at < count; at++) expect((await client.response()).status).toBe(status)
  expect(counts.most).toBeLessThan(200)
})

test('one that takes nothing of its answers is cut off', async () => {
  const { client, counts, sockets } = await start(200)
  client.socket.pause()
  // More than a socket takes of answers that its client does not read.
  const many = Buffer.from(request('GET /config').repeat(10_000))
  for (let round = 0; round < 10; round++) client.send(many)
  await expect.poll(() => sockets[0]?.destroyed, { timeout: 30_000 }).toBe(true)
  expect(counts.most).toBeLessThan(200)
}, 40_000)

test.each([
  ['an upgrade', { Connection: 'Upgrade', Upgrade: 'h2c' }, 503],
  ['an expectation that nobody knows', { Expect: 'wonders' }, 417],
])('%s ends the connection with its answer', async (_what, headers, status) => {
  const { client } = await start()
  const response = await client.exchange(request('GET /config', headers) + request('GET /config'))
  expect([response.status, response.headers.get('connection')]).toEqual([status, 'close'])
  await client.closed
  expect(client.received).toHaveLength(0)
})

test.each([
  ['x:1', 'GET, HEAD, POST'],
  ['/config', 'GET, HEAD'],
  ['/nodes/1.1', 'POST'],
])('CONNECT %s is told the methods that there are, and nothing behind it is read', async (target, allow) => {
  const { client, counts } = await start()
  const { status, headers } = await client.exchange(request(`CONNECT ${target}`) + request('GET /config'))
  expect([status, headers.get('allow'), headers.get('connection')]).toEqual([405, allow, 'close'])
  await client.closed
  expect([client.received.length, counts.most]).toEqual([0, 0])
})
