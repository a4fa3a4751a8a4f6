/** Bodies of open requests have so much room together; beyond it they are refused, and each gives its room back. */
import type { IncomingMessage } from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import type { HttpOptions } from './server.ts'
import type { RawClient } from './testing/raw-client.ts'
import { request, startServer, type TestServer } from './testing/test-server.ts'

const LARGE = 'a'.repeat(10_000)
const PART = 'a'.repeat(9_000)
const REST = 'a'.repeat(1_000)

const LENGTH: Record<string, string> = { 'Content-Length': '10000' }
const CHUNKED: Record<string, string> = { 'Transfer-Encoding': 'chunked' }

/** A chunk of a body. */
function chunk(bytes: string): string {
  return `${bytes.length.toString(16)}\r\n${bytes}\r\n`
}

const LAST = '0\r\n\r\n'

/** A server with room for one large body, and for no second one. */
async function narrow(options: HttpOptions = {}) {
  const server = await startServer({ bodyLimit: 10_000, openLimit: 15_000, patienceMs: 60_000, ...options })
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
  /** Begins a request of 10,000 bytes, and settles when 9,000 of them have been read. */
  const begin = async (line = 'PUT /1', headers = LENGTH, part = PART): Promise<RawClient> => {
    const arrived = arrival(app, PART.length)
    const one = client()
    one.send(request(line, headers) + part)
    await arrived
    return one
  }
  return { ...server, refused, accepted, begin }
}

/** Settles when so many bytes of the next request's body have been read. */
function arrival(app: TestServer['app'], bytes: number): Promise<void> {
  return new Promise((resolve) => {
    app.server.once('request', (incoming: IncomingMessage) => {
      let length = 0
      incoming.on('data', (chunk: Buffer) => {
        length += chunk.length
        if (length >= bytes) resolve()
      })
    })
  })
}

/** Settles when what was sent before on other connections has arrived. */
async function looked({ once }: Pick<TestServer, 'once'>): Promise<void> {
  for (let round = 0; round < 2; round++) await once(request('GET /health'))
}

/** Settles when the server's side of the next connection is gone. */
function served({ app }: Pick<TestServer, 'app'>): Promise<void> {
  return new Promise((resolve) => app.server.once('connection', (socket) => socket.once('close', resolve)))
}

test.each([
  ['of a length', LENGTH, PART, REST],
  ['in chunks', CHUNKED, chunk(PART), chunk(REST) + LAST],
])('a body %s takes the room of what has come of it', async (_how, headers, part, rest) => {
  const { once, refused, accepted, begin } = await narrow()
  const one = await begin('PUT /1', headers, part)
  await refused()
  expect((await once(request('PUT /2', {}, 'a'.repeat(4096)))).status).toBe(200)
  expect((await one.exchange(rest)).status).toBe(200)
  await accepted()
})

test.each([
  ['announce a body', { 'Content-Length': '1048576' }, ''],
  ['announce chunks', CHUNKED, ''],
  ['send a body slowly', { 'Content-Length': '1048576' }, 'abc'],
  ['send chunks slowly', CHUNKED, chunk('a') + chunk('b')],
])('64 clients that %s take no room from others', async (_what, headers, part) => {
  const server = await startServer()
  const { client, once, gateway } = server
  for (let i = 0; i < 64; i++) client().send(request('PUT /1', headers) + part)
  await looked(server)
  expect((await once(request('PUT /2', {}, 'tiny'))).status).toBe(200)
  expect((await once(request('PUT /3', CHUNKED) + chunk('tiny') + LAST)).status).toBe(200)
  expect((await once(request('PUT /4', {}, 'a'.repeat(1_048_576)))).status).toBe(200)
  expect(gateway.submitted.map(({ key }) => key)).toEqual(['2', '3', '4'])
})

test('a small body finds room, though others have taken all of it, and however it comes', async () => {
  const { client, refused, begin } = await narrow()
  await begin()
  await refused()
  const one = client()
  const arrived = one.exchange(request('PUT /2', CHUNKED) + chunk('a'.repeat(4000)))
  await refused()
  one.send(chunk('a'.repeat(96)) + LAST)
  expect((await arrived).status).toBe(200)
})

test.each([
  ['of a length', LENGTH, PART],
  ['in chunks', CHUNKED, chunk(PART)],
])('of many bodies %s that come at once so many go on as there is room for', async (_how, headers, part) => {
  const { client, once, gateway, ...server } = await startServer({ bodyLimit: 10_000, openLimit: 50_000 })
  const clients = Array.from({ length: 20 }, () => client())
  for (const one of clients) one.send(request('PUT /1', headers) + part)
  const refused = () => clients.filter(({ received }) => received.length > 0)
  await expect.poll(() => refused().length).toBe(15)
  await looked({ once })
  for (const one of refused()) {
    expect((await one.response()).status).toBe(503)
    await one.closed
  }
  expect(gateway.submitted).toEqual([])
  const rest = headers === LENGTH ? REST : chunk(REST) + LAST
  const others = clients.filter(({ socket }) => !socket.destroyed)
  const statuses = await Promise.all(others.map(async (one) => (await one.exchange(rest)).status))
  expect(statuses).toEqual([200, 200, 200, 200, 200])
  await server.servesWell()
})

test('a body that finds no room while it comes is refused, ends its connection and gives back what it had', async () => {
  const { client, gateway, accepted, begin } = await narrow()
  const first = await begin()
  const second = client()
  second.send(request('PUT /2', CHUNKED) + chunk('a'.repeat(5_000)))
  second.send(chunk('a'.repeat(4_000)) + LAST + request('PUT /3', {}, 'a'))
  const response = await second.response()
  const told = ['retry-after', 'connection'].map((name) => response.headers.get(name))
  expect([response.status, ...told]).toEqual([503, '1', 'close'])
  await second.closed
  expect([second.received.toString(), gateway.submitted]).toEqual(['', []])
  // What the second had would leave too little room for it.
  expect((await first.exchange(REST)).status).toBe(200)
  await accepted()
})

test('a body that took too long gives its room back', async () => {
  const { client, accepted, gateway } = await narrow({
    requestTimeoutMs: 200,
    headersTimeoutMs: 100,
    checkIntervalMs: 20,
  })
  const one = client()
  expect((await one.exchange(request('PUT /1', LENGTH) + PART)).status).toBe(408)
  await accepted()
  expect(gateway.submitted.map(({ key }) => key)).toEqual(['7'])
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
  const { app, client, gateway, once, refused, accepted, begin } = await narrow()
  const half = await begin()
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
  await looked({ once })
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
  const { refused, accepted, begin } = await narrow()
  for (const line of ['GET /1', 'DELETE /kv/1', 'POST /session', 'POST /crash?t=1']) {
    const one = await begin(line)
    await refused()
    expect((await one.exchange(REST)).status, line).toBeLessThan(500)
    await accepted()
  }
})

/** What a program's memory holds of one kind, once all garbage has gone. */
function held(kind: 'arrayBuffers' | 'heapUsed'): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage()[kind]
}

test('a body in the smallest chunks takes little more than its bytes', async () => {
  const { app, client } = await startServer()
  const length = 100_000
  const arrived = arrival(app, length)
  const before = held('heapUsed')
  client().send(request('PUT /1', CHUNKED) + chunk('a').repeat(length))
  await arrived
  expect(held('heapUsed') - before).toBeLessThan(40 * length)
})

test.each(['GET /1', 'DELETE /kv/1', 'PUT /1'])(
  '%s inside the node keeps nothing that is not counted',
  async (line) => {
    const { client, gateway } = await startServer()
    gateway.held = []
    const length = 500_000
    const before = held('arrayBuffers')
    const clients = Array.from({ length: 20 }, () => client())
    for (const one of clients) one.send(request(line, { 'Content-Length': `${length}` }) + 'a'.repeat(length))
    await expect.poll(() => gateway.held?.length).toBe(clients.length)
    const counted = gateway.submitted.reduce((sum, { value }) => sum + value.length, 0)
    expect(counted).toBe(line.startsWith('PUT') ? clients.length * length : 0)
    await expect.poll(() => held('arrayBuffers') - before - counted).toBeLessThan(4 * length)
    gateway.release()
  },
)
