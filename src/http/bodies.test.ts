/** Bodies of open requests have so much room together; beyond it they are refused, and each gives its room back. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { request, startServer, type TestServer } from './testing/test-server.ts'

const LARGE = 'a'.repeat(10_000)

/** A server with room for one large body, and for no second one. */
async function narrow() {
  const server = await startServer({ bodyLimit: 10_000, openLimit: 15_000, patienceMs: 60_000 })
  const { app, client, gateway, once } = server
  /** Sends a large body that finds no room. */
  const refused = async (): Promise<void> => {
    const before = gateway.submitted.length
    const one = client()
    const response = await one.exchange(request('PUT /8', {}, LARGE) + request('PUT /9', {}, 'a'))
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
    expect(response.body.toString()).toBe('the bodies of open requests would have more than 15000 bytes\n')
    one.close()
    expect(gateway.submitted).toHaveLength(before)
  }
  /** Sends a large body until it finds room: the server hears of clients that go away when it does. */
  const accepted = (): Promise<void> =>
    expect.poll(async () => (await once(request('PUT /7', {}, LARGE))).status).toBe(200)
  /** Settles when the headers of the next request have been dealt with. */
  const begun = () => new Promise((resolve) => app.server.once('request', resolve))
  return { ...server, refused, accepted, begun }
}

/** Settles when the server's side of the next connection is gone. */
function served({ app }: Pick<TestServer, 'app'>): Promise<void> {
  return new Promise((resolve) => app.server.once('connection', (socket) => socket.once('close', resolve)))
}

test('a body that is arriving takes the room that it declares', async () => {
  const { client, once, refused, accepted, begun } = await narrow()
  const arrived = begun()
  const one = client()
  one.send(request('PUT /1', { 'Content-Length': '10000' }))
  await arrived
  await refused()
  expect((await once(request('PUT /2', {}, 'small'))).status).toBe(200)
  expect((await one.exchange(LARGE)).status).toBe(200)
  await accepted()
})

test('chunks take the room of the longest body', async () => {
  const { client, refused, accepted, begun } = await narrow()
  const arrived = begun()
  const one = client()
  one.send(`${request('PUT /1', { 'Transfer-Encoding': 'chunked' })}1\r\na\r\n`)
  await arrived
  await refused()
  expect((await one.exchange('0\r\n\r\n')).status).toBe(200)
  await accepted()
})

test('a body keeps its room until its request is answered', async () => {
  const { client, gateway, refused, accepted } = await narrow()
  gateway.held = []
  const one = client()
  one.send(request('PUT /1', {}, LARGE))
  await expect.poll(() => gateway.held?.length).toBe(1)
  await refused()
  // What the node has, it has, though nobody waits for the answer.
  one.socket.resetAndDestroy()
  await one.closed
  await refused()
  gateway.release()
  await accepted()
})

test('who goes away gives the room back: with half a body, and at the door of a full node', async () => {
  const { app, client, gateway, once, refused, accepted, begun } = await narrow()
  const arrived = begun()
  const half = client()
  half.send(request('PUT /1', { 'Content-Length': '10000' }))
  await arrived
  await refused()
  half.socket.resetAndDestroy()
  await accepted()
  gateway.held = []
  const inside = client()
  inside.send(request('GET /0'))
  await expect.poll(() => gateway.held?.length).toBe(1)
  gateway.room = 0
  const gone = served({ app })
  const waiting = client()
  waiting.send(request('PUT /2', {}, LARGE))
  for (let round = 0; round < 2; round++) await once(request('GET /health'))
  await refused()
  waiting.socket.resetAndDestroy()
  await gone
  gateway.room = Number.POSITIVE_INFINITY
  gateway.release()
  await accepted()
  expect(gateway.submitted.map(({ key }) => key)).not.toContain('2')
})

test('a body that turns out too long gives its room back, though it never ends', async () => {
  const { client, accepted } = await narrow()
  const one = client()
  one.send(`${request('PUT /1', { 'Transfer-Encoding': 'chunked' })}4e20\r\n${LARGE}${LARGE}`)
  expect((await one.response()).status).toBe(413)
  await one.closed
  await accepted()
})

test('a body that no route wants takes room while it arrives', async () => {
  const { client, refused, accepted, begun } = await narrow()
  for (const line of ['GET /1', 'DELETE /kv/1', 'POST /session', 'POST /crash?t=1']) {
    const arrived = begun()
    const one = client()
    one.send(request(line, { 'Content-Length': '10000' }))
    await arrived
    await refused()
    expect((await one.exchange(LARGE)).status, line).toBeLessThan(500)
    await accepted()
  }
})

test.each(['GET /1', 'DELETE /kv/1', 'PUT /1'])(
  '%s inside the node keeps nothing that is not counted',
  async (line) => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const { client, gateway } = await startServer()
    gateway.held = []
    const bytes = () => {
      collect()
      return process.memoryUsage().arrayBuffers
    }
    const length = 500_000
    const before = bytes()
    const clients = Array.from({ length: 20 }, () => client())
    for (const one of clients) one.send(request(line, { 'Content-Length': `${length}` }) + 'a'.repeat(length))
    await expect.poll(() => gateway.held?.length).toBe(clients.length)
    const counted = gateway.submitted.reduce((sum, { value }) => sum + value.length, 0)
    expect(counted).toBe(line.startsWith('PUT') ? clients.length * length : 0)
    await expect.poll(() => bytes() - before - counted).toBeLessThan(4 * length)
    gateway.release()
  },
)
