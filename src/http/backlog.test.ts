/** How many requests of a connection are read before answers have left: what follows them waits as bytes, and is not lost. */
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { put } from '../command.ts'
import { Backlog } from './backlog.ts'
import type { HttpOptions } from './server.ts'
import { request, startServer, type TestServer } from './testing/test-server.ts'

/** As many as one connection may have; of the last the headers, and its body is not read. */
const MOST = 128
/** And as many a new one. */
const FEW = 32
const MANY = 3000

/** A server that counts the requests for which Node has made objects. */
async function counting(options: HttpOptions = {}) {
  const server = await startServer(options)
  const counts = { made: 0 }
  server.app.server.on('request', () => (counts.made += 1))
  return { ...server, counts }
}

/** A connection that has had answers. */
async function proven({ client }: TestServer) {
  const one = client()
  one.send(request('GET /1').repeat(FEW))
  for (let at = 0; at < FEW; at++) expect((await one.response()).status).toBe(200)
  return one
}

/** Waits until what was sent has arrived, as far as it is read. */
async function settled({ once }: TestServer): Promise<void> {
  for (let round = 0; round < 10; round++) await once(request('GET /health'))
}

/** Settles when Node takes a request for too slow. */
function tooSlow({ server }: TestServer['app']): Promise<void> {
  return new Promise((resolve) =>
    server.on('clientError', ({ code }: Error & { code?: string }) => {
      if (code === 'ERR_HTTP_REQUEST_TIMEOUT') resolve()
    }),
  )
}

/** Writes of 1, 2, 3, ... under one key, of different shapes: each is answered with the value before it. */
function writes(count: number): string {
  const write = (value: string, shape: number) =>
    shape === 0
      ? `${request('PUT /1', { 'Transfer-Encoding': 'chunked' })}${value.length.toString(16)}\r\n${value}\r\n0\r\n\r\n`
      : request('PUT /1', { X: 'x'.repeat(shape * 37) }, value)
  return Array.from({ length: count }, (_, at) => write(`${at + 1}`, at % 5)).join('')
}

test.each([
  ['new', FEW],
  ['old', MOST],
])(
  'of a connection that is %s only %i are read before the first are answered; the others are not lost',
  async (age, most) => {
    const server = await counting()
    const { client, counts, gateway } = server
    const one = age === 'new' ? client() : await proven(server)
    gateway.held = []
    gateway.submitted.length = 0
    counts.made = 0
    one.send(writes(MANY))
    await settled(server)
    expect(gateway.submitted).toHaveLength(most - 1)
    expect(counts.made).toBeLessThan(2 * MOST)
    gateway.release()
    for (let at = 0; at < MANY; at++) {
      const { status, body } = await one.response()
      expect([status, body.toString()]).toEqual([200, at === 0 ? '' : `${at}`])
    }
    expect((await one.exchange(request('GET /1'))).body.toString()).toBe(`${MANY}`)
  },
)

test.each([7, 1000, 5000, 70_000])('wherever the network cuts, here each %i bytes', async (size) => {
  const { client } = await startServer()
  const one = client()
  const bytes = writes(MANY / 3)
  for (let at = 0; at < bytes.length; at += size) {
    one.send(bytes.slice(at, at + size))
    if (at % (size * 20) === 0) await new Promise(setImmediate)
  }
  // Who has sent all has them answered, too.
  one.socket.end()
  for (let at = 0; at < MANY / 3; at++) expect((await one.response()).body.toString()).toBe(at === 0 ? '' : `${at}`)
  await one.closed
})

test('with many at a time nothing is lost either, nor out of order', async () => {
  const { client, gateway } = await startServer()
  const { submit } = gateway
  // Answers come a little later, as those of a node do: meanwhile others are read, and all are stopped in turn.
  gateway.submit = (command, read, respond) =>
    void setTimeout(() => submit.call(gateway, command, read, respond), Number(command.key) % 3)
  gateway.machine.execute(put('1', Buffer.from('one')))
  gateway.machine.execute(put('3', Buffer.from('three')))
  const read = async () => {
    const one = client()
    // More than one read of a socket holds.
    one.send((request('GET /1') + request('GET /3')).repeat(1500))
    const bodies = []
    for (let at = 0; at < 3000; at++) bodies.push((await one.response()).body.toString())
    expect(bodies.join(' ')).toBe('one three '.repeat(1500).trim())
  }
  await Promise.all(Array.from({ length: 16 }, read))
})

test('a client that takes nothing of small answers is cut off, and little was done for it', async () => {
  const server = await counting({ stalledMs: 200 })
  const { app, client, counts, gateway } = server
  gateway.machine.execute(put('1', Buffer.alloc(1000, 'a')))
  const cut = new Promise((resolve) => app.server.once('connection', (socket) => socket.once('close', resolve)))
  const one = client()
  one.socket.pause()
  const count = 50_000
  one.send(request('GET /1').repeat(count))
  await cut
  expect(counts.made).toBeLessThan(count / 2)
  await server.servesWell()
})

describe('a client that only waits for the node', () => {
  test('is not cut off', async () => {
    const { client, gateway } = await startServer({ stalledMs: 50 })
    gateway.held = []
    const one = client()
    one.send(request('GET /1').repeat(MANY))
    await new Promise((resolve) => setTimeout(resolve, 250))
    gateway.release()
    for (let at = 0; at < MANY; at++) expect((await one.response()).status).toBe(200)
  })

  test('is not refused for a request that is here and was not read', async () => {
    const server = await startServer({ requestTimeoutMs: 200, headersTimeoutMs: 100, checkIntervalMs: 20 })
    const { app, gateway } = server
    const one = await proven(server)
    gateway.held = []
    gateway.submitted.length = 0
    const late = tooSlow(app)
    one.send(writes(MOST + 1))
    await late
    gateway.release()
    for (let at = 0; at <= MOST; at++) expect((await one.response()).status).toBe(200)
    expect((await one.exchange(request('GET /1'))).status).toBe(200)
  })

  test('is refused for one of which the rest does not come', async () => {
    const server = await startServer({ requestTimeoutMs: 200, headersTimeoutMs: 100, checkIntervalMs: 20 })
    const { app, gateway } = server
    const one = await proven(server)
    gateway.held = []
    gateway.submitted.length = 0
    const late = tooSlow(app)
    one.send(`${writes(MOST - 1)}${request('PUT /2', { 'Content-Length': '2' })}a`)
    await late
    gateway.release()
    for (let at = 0; at < MOST - 1; at++) expect((await one.response()).status).toBe(200)
    expect((await one.response()).status).toBe(408)
    await one.closed
    expect(gateway.submitted).toHaveLength(MOST - 1)
  })
})

test('a request behind which the parser stops, and nothing follows, is whole: it is not refused when its client has ended', async () => {
  const { client, gateway } = await startServer()
  const { submit } = gateway
  gateway.submit = (command, read, respond) => void setTimeout(() => submit.call(gateway, command, read, respond), 20)
  const one = client()
  one.send(request('GET /health').repeat(FEW - 1) + request('DELETE /kv/x'))
  one.socket.end()
  await one.closed
  const statuses = [...one.received.toString('latin1').matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)
  expect(statuses).toEqual(Array(FEW - 1).fill('200'))
})

test('a header that asks for an upgrade, and does not, changes nothing of that', async () => {
  const server = await counting()
  const { client, counts, gateway } = server
  gateway.held = []
  const one = client()
  one.send(request('GET /1', { Upgrade: 'x' }).repeat(MANY))
  await settled(server)
  expect(counts.made).toBeLessThan(2 * MOST)
  gateway.release()
  for (let at = 0; at < MANY; at++) expect((await one.response()).status).toBe(200)
})

test('what follows a request that ends the connection is not even looked at', async () => {
  const server = await counting()
  const { client, counts, gateway } = server
  const one = client()
  one.send(request('GET /1').repeat(3) + request('GET /1', { host: 'y' }) + request('PUT /1', {}, 'a').repeat(MANY))
  await one.closed
  expect(gateway.submitted).toHaveLength(3)
  expect(counts.made).toBeLessThan(10)
  const statuses = [...one.received.toString('latin1').matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)
  expect(statuses).toEqual(['200', '200', '200', '400'])
})

test('closing ends a connection with much that is not read', async () => {
  const server = await counting({ closeGraceMs: 60_000 })
  const { app, counts, gateway } = server
  const one = await proven(server)
  gateway.held = []
  gateway.submitted.length = 0
  counts.made = 0
  one.send(writes(MANY))
  await settled(server)
  const closed = app.close()
  gateway.release()
  await closed
  await one.closed
  expect(gateway.submitted).toHaveLength(MOST - 1)
  expect(counts.made).toBeLessThan(2 * MOST)
})

test('where all together have many, each may have fewer, until it has answers', () => {
  const total = { parts: 1024 }
  const socket = new Duplex()
  const changes: boolean[] = []
  const backlog = new Backlog(socket, total, () => changes.push(backlog.isFull))
  const responses: ServerResponse[] = []
  while (!backlog.isFull) {
    const response = new ServerResponse(new IncomingMessage(new Socket()))
    responses.push(response)
    backlog.add(response)
  }
  expect(responses).toHaveLength(32)
  expect(total.parts).toBe(1026)
  for (const response of responses) response.emit('close')
  expect(changes).toEqual([true, false])
  expect(total.parts).toBe(1024)
})

test('a connection that goes away is counted no more', async () => {
  const total = { parts: 0 }
  const socket = new Duplex({ read() {} })
  const backlog = new Backlog(socket, total, () => {})
  const responses = Array.from({ length: 64 }, () => new ServerResponse(new IncomingMessage(new Socket())))
  for (const response of responses) backlog.add(response)
  expect(total.parts).toBe(4)
  socket.destroy()
  await new Promise((resolve) => socket.once('close', resolve))
  for (const response of responses) response.emit('close')
  expect(total.parts).toBe(0)
})
