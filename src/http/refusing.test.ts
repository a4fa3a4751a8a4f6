/** What was refused is never applied, though the rest of it may come; what came before it has its own answer. */
import { afterEach, expect, test, vi } from 'vitest'
import { Connection } from './connection.ts'
import { request, startServer, type TestServer } from './testing/test-server.ts'

afterEach(() => {
  vi.useRealTimers()
})

const IMPATIENT = { headersTimeoutMs: 100, requestTimeoutMs: 200, checkIntervalMs: 20 }
const GARBAGE = 'garbage\r\n\r\n'

/** Settles when the server has lost patience, or found bytes that are no HTTP. */
function error({ app }: TestServer): Promise<unknown> {
  return new Promise((resolve) => app.server.once('clientError', resolve))
}

/** Settles when the server's side of the next connection is gone. */
function served({ app }: TestServer): Promise<void> {
  return new Promise((resolve) => app.server.once('connection', (socket) => socket.once('close', resolve)))
}

/** The statuses of all answers that `bytes` has. */
function statuses(bytes: Buffer): number[] {
  return [...bytes.toString('latin1').matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status))
}

const json = '{"Key":1,"Value":"YQ=="}'
const chunked = { 'Transfer-Encoding': 'chunked' }
const LATE: readonly (readonly [what: string, first: string, rest: string])[] = [
  ['a body', `${request('PUT /1', { 'Content-Length': '6' })}abc`, 'def'],
  ['a path that is none', `${request('PUT /abc', { 'Content-Length': '6' })}abc`, 'def'],
  ['a delete', `${request('DELETE /kv/1', { 'Content-Length': '6' })}abc`, 'def'],
  ['a text key', `${request('PUT /kv/1', { 'Content-Length': '6' })}abc`, 'def'],
  ['chunks', `${request('PUT /1', chunked)}3\r\nabc\r\n`, '0\r\n\r\n'],
  ['headers', 'PUT /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n', '\r\na'],
  ['JSON', request('POST /', {}, json).slice(0, -5), json.slice(-5)],
]

test.each(LATE)('%s that arrives behind the 408 is not applied, nor is what follows', async (_what, first, rest) => {
  const server = await startServer(IMPATIENT)
  const gone = served(server)
  const one = server.client(true)
  expect((await one.exchange(first)).status).toBe(408)
  one.send(rest + request('PUT /5', {}, 'b') + request('GET /5'))
  one.socket.end()
  await gone
  expect(one.received.toString()).toBe('')
  expect(server.gateway.submitted).toEqual([])
  await server.servesWell()
})

test('a broken body that goes on behind its 400 is not applied', async () => {
  const server = await startServer()
  const gone = served(server)
  const one = server.client(true)
  expect((await one.exchange(`${request('PUT /1', chunked)}zz\r\n`)).status).toBe(400)
  one.send(`1\r\na\r\n0\r\n\r\n${request('PUT /5', {}, 'b')}`)
  one.socket.end()
  await gone
  expect(server.gateway.submitted).toEqual([])
})

test.each([
  ['half a body', `${request('PUT /2', { 'Content-Length': '2' })}b`, 408],
  ['half the headers', 'PUT /2 HTTP/1.1\r\n', 408],
  ['bytes that are no HTTP', GARBAGE, 400],
])('a request in the node has its own answer, and %s behind it another', async (_what, behind, status) => {
  const server = await startServer(IMPATIENT)
  const { client, gateway } = server
  gateway.held = []
  const failed = error(server)
  const one = client()
  one.send(request('PUT /1', {}, 'a') + behind)
  await failed
  await expect.poll(() => gateway.held?.length).toBe(1)
  expect(one.received.toString()).toBe('')
  gateway.release()
  expect((await one.response()).status).toBe(200)
  expect((await one.response()).status).toBe(status)
  await one.closed
  expect(gateway.submitted.map(({ key }) => key)).toEqual(['1'])
})

test('many answers that are still on their way come before a refusal', async () => {
  const server = await startServer()
  const failed = error(server)
  const one = server.client()
  one.send(request('PUT /1', {}, 'a') + request('GET /1').repeat(9) + GARBAGE)
  await failed
  await one.closed
  expect(statuses(one.received)).toEqual([...Array(10).fill(200), 400])
})

test('requests that wait at the door for a full node are answered by it; the half one behind them gets 503', async () => {
  const server = await startServer({ ...IMPATIENT, patienceMs: 60_000 })
  const { client, gateway } = server
  gateway.held = []
  const inside = client()
  inside.send(request('GET /0'))
  await expect.poll(() => gateway.submitted.length).toBe(1)
  gateway.room = 0
  const failed = error(server)
  const one = client()
  one.send(request('PUT /1', {}, 'a') + request('GET /2') + request('PUT /3', { 'Content-Length': '2' }))
  await failed
  expect(one.received.toString()).toBe('')
  gateway.room = Number.POSITIVE_INFINITY
  gateway.release()
  expect((await one.response()).status).toBe(200)
  expect((await one.response()).status).toBe(200)
  const last = await one.response()
  expect([last.status, last.headers.get('retry-after')]).toEqual([503, '1'])
  await one.closed
  expect(gateway.submitted.map(({ key }) => key)).toEqual(['0', '1', '2'])
})

test('a request refused by its form does not take the answers of those that wait before it', async () => {
  const { client, gateway, once } = await startServer({ patienceMs: 60_000 })
  gateway.held = []
  const inside = client()
  inside.send(request('GET /0'))
  await expect.poll(() => gateway.submitted.length).toBe(1)
  gateway.room = 0
  const one = client()
  one.send(request('GET /1') + request('GET /2') + request('GET /3', { host: 'y' }) + request('GET /4'))
  // What was sent before on another connection has arrived when this is answered.
  for (let round = 0; round < 2; round++) await once(request('GET /health'))
  gateway.room = Number.POSITIVE_INFINITY
  gateway.release()
  await one.closed
  expect(statuses(one.received)).toEqual([200, 200, 400])
  expect(gateway.submitted.map(({ key }) => key)).toEqual(['0', '1', '2'])
})

test.each([
  ['its Cid', request('PUT /1', { Cid: 'x', 'Content-Length': '5' }), 400],
  ['its length', request('PUT /1', { 'Content-Length': '2000000' }), 413],
])('what was refused for %s is not refused again for its slowness', async (_what, bytes, status) => {
  const server = await startServer(IMPATIENT)
  const failed = error(server)
  const one = server.client()
  one.send(bytes)
  await failed
  await one.closed
  expect(statuses(one.received)).toEqual([status])
  expect(server.gateway.submitted).toEqual([])
})

test('a refusal behind a request in the node does not pass for its answer', async () => {
  const server = await startServer(IMPATIENT)
  const { client, gateway } = server
  gateway.held = []
  const failed = error(server)
  const one = client()
  one.send(request('PUT /1', {}, 'a') + request('PUT /2', { Cid: 'x', 'Content-Length': '5' }))
  await failed
  await expect.poll(() => gateway.held?.length).toBe(1)
  expect(one.received.toString()).toBe('')
  gateway.release()
  await one.closed
  expect(statuses(one.received)).toEqual([200, 400])
})

test.each([
  ['the body', request('PUT /1', { 'Content-Length': '2' }), 'ab'],
  ['the headers', 'GET /1 HTTP/1.1\r\n', 'Host: x\r\n\r\n'],
])('%s that came while the process stood still is not late', async (_what, first, rest) => {
  const server = await startServer(IMPATIENT)
  const { client, gateway, once } = server
  const one = client()
  one.send(first)
  for (let round = 0; round < 2; round++) await once(request('GET /health'))
  one.send(rest)
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400)
  expect((await one.response()).status).toBe(200)
  expect(gateway.submitted).toHaveLength(1)
})

/** Settles when the server's side of the next connection is there; it is not read until the test wants it. */
function unread({ app }: TestServer): Promise<Connection> {
  return new Promise((resolve) => {
    app.server.once('connection', (socket) => {
      const connection = Connection.of(socket)
      // Node itself begins to read it behind this event.
      process.nextTick(() => {
        connection.pause()
        resolve(connection)
      })
    })
  })
}

test.each([
  ['new', ''],
  ['that has sent half a request', 'PUT /1 HTTP/1.1\r\n'],
])('a connection %s, and is not read for others, is not late with what it has sent meanwhile', async (_what, first) => {
  const server = await startServer(IMPATIENT)
  const { gateway, once } = server
  const [failed, begun] = [error(server), unread(server)]
  const one = server.client()
  const connection = await begun
  if (first !== '') {
    connection.unpause()
    one.send(first)
    for (let round = 0; round < 2; round++) await once(request('GET /health'))
    connection.pause()
  }
  one.send(request('PUT /1', { 'Content-Length': '1' }).slice(first.length))
  one.send('a')
  await failed
  for (let round = 0; round < 2; round++) await once(request('GET /health'))
  expect(one.received.toString()).toBe('')
  connection.unpause()
  expect((await one.response()).status).toBe(200)
  expect(gateway.submitted).toHaveLength(1)
})

test.each([
  ['headers', 'GET /1 HTTP/1.1\r\n', 'Host: x\r\n\r\n'],
  ['a body', `${request('PUT /1', { 'Content-Length': '2' })}a`, 'b'],
])('the time of %s, half of which came while others were read, begins anew', async (_what, first, rest) => {
  const server = await startServer({ headersTimeoutMs: 600, requestTimeoutMs: 1200, checkIntervalMs: 20 })
  const [failed, begun] = [error(server), unread(server)]
  const one = server.client()
  const connection = await begun
  one.send(first)
  await failed
  connection.unpause()
  const other = server.client()
  // Else the refusal would be here.
  for (let round = 0; round < 5; round++) await other.exchange(request('GET /health'))
  expect(one.received.toString()).toBe('')
  expect((await one.exchange(rest)).status).toBe(200)
})

test('who sends nothing more is refused in the end, also when it was not read for others', async () => {
  const server = await startServer(IMPATIENT)
  for (const half of ['', 'GET /1 HTTP/1.1\r\n', `${request('PUT /1', { 'Content-Length': '2' })}a`]) {
    const [failed, begun] = [error(server), unread(server)]
    const one = server.client()
    const connection = await begun
    one.send(half)
    await failed
    connection.unpause()
    expect((await one.response()).status).toBe(408)
    await one.closed
  }
  expect(server.gateway.submitted).toEqual([])
})

test('requests behind one whose time began anew are not taken for it', async () => {
  const server = await startServer(IMPATIENT)
  const [failed, begun] = [error(server), unread(server)]
  const one = server.client()
  const connection = await begun
  one.send('GET /1 HTTP/1.1\r\n')
  await failed
  connection.unpause()
  expect((await one.exchange('Host: x\r\n\r\n')).status).toBe(200)
  const [again] = [error(server)]
  one.send(request('GET /2') + request('PUT /3', { 'Content-Length': '2' }))
  expect((await one.response()).status).toBe(200)
  await again
  expect((await one.response()).status).toBe(408)
})

test.each(['end', 'destroy', 'resetAndDestroy'] as const)(
  'a client that goes (%s) behind the refusal of its body is let go at once',
  async (how) => {
    const server = await startServer()
    const gone = served(server)
    // None of these comes: what ends the connection is the client.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const one = server.client()
    expect((await one.exchange(request('PUT /1', { 'Content-Length': '2000000' }))).status).toBe(413)
    expect(vi.getTimerCount()).toBe(1)
    one.socket[how]()
    await gone
    expect(vi.getTimerCount()).toBe(0)
  },
)

test('a client that sends on behind the refusal of its body has a moment to read it', async () => {
  const server = await startServer()
  const gone = served(server)
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const one = server.client()
  expect((await one.exchange(request('PUT /1', { 'Content-Length': '2000000' }))).status).toBe(413)
  one.send(Buffer.alloc(100_000))
  await server.once(request('GET /health'))
  expect(one.socket.closed).toBe(false)
  vi.runAllTimers()
  await gone
})
