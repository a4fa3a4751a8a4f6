/** The master over HTTP: who may join, what it answers before and after all have, and bad requests. */
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createMasterServer } from './master.ts'
import { type Addresses, Roster } from './roster.ts'
import { createHttpServer } from './server.ts'
import { FakeGateway } from './testing/fake-gateway.ts'
import { RawClient } from './testing/raw-client.ts'

/** A join, but for what follows its headers. */
const JOIN = 'POST /nodes/1.1 HTTP/1.1\r\nHost: x\r\n'

let app: FastifyInstance
let url: string
let joined: string[]

beforeEach(async () => {
  joined = []
  const template = { threshold: 2, secret: 'for nodes alone' }
  const roster = new Roster({ size: 2, peerPort: 1735, httpPort: 8080, transport: 'udp', template })
  app = createMasterServer(roster, (id, host) => joined.push(`${id} ${host}`))
  await app.listen({ host: '127.0.0.1', port: 0 })
  url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
})

afterEach(() => {
  for (const client of clients.splice(0)) client.close()
  return app.close()
})

const clients: RawClient[] = []

/** A connection that ends with the test; it may hear an answer after its own end. */
function rawClient(): RawClient {
  const client = new RawClient((app.server.address() as AddressInfo).port, true)
  clients.push(client)
  return client
}

async function ask(method: string, path: string): Promise<[number, string]> {
  const response = await fetch(`${url}${path}`, { method })
  return [response.status, await response.text()]
}

test('all get the same configuration once the last has joined, members again at any time', async () => {
  expect(await ask('GET', '/config')).toEqual([503, 'waiting for 2 more nodes\n'])
  expect(await ask('POST', '/nodes/2.1')).toEqual([503, 'waiting for 1 more node\n'])
  expect(await ask('POST', '/nodes/2.1')).toEqual([503, 'waiting for 1 more node\n'])
  const [status, text] = await ask('POST', '/nodes/1.1')
  expect([status, JSON.parse(text)]).toEqual([
    200,
    {
      threshold: 2,
      secret: 'for nodes alone',
      // By id, though 2.1 came first.
      address: { '1.1': 'udp://127.0.0.1:1736', '2.1': 'udp://127.0.0.1:1737' },
      http_address: { '1.1': 'http://127.0.0.1:8081', '2.1': 'http://127.0.0.1:8082' },
    },
  ])
  expect(await ask('POST', '/nodes/2.1')).toEqual([200, text])
  expect(await ask('GET', '/config')).toEqual([200, text])
  const [refused, sentence] = await ask('POST', '/nodes/3.1')
  expect([refused, sentence]).toEqual([409, 'the cluster has its 2 nodes, 1.1, 2.1; 3.1 is none of them\n'])
  expect(joined).toEqual(['2.1 127.0.0.1', '1.1 127.0.0.1'])
})

describe('bad requests change nothing', () => {
  test.each<[string, string, number, RegExp]>([
    ['POST', '/nodes/1', 400, /"1" is not of the form zone\.node/],
    ['POST', '/nodes/..%2Fx', 400, /not of the form/],
    ['POST', '/nodes/__proto__', 400, /not of the form/],
    ['POST', '/nodes/', 400, /not of the form/],
    ['GET', '/nodes/1.1', 405, /^only POST here$/],
    ['POST', '/config', 405, /^only GET, HEAD here$/],
    ['DELETE', '/config?x', 405, /^only GET, HEAD here$/],
    ['GET', '/', 404, /POST \/nodes\/<id> and GET \/config/],
    ['POST', '/nodes/1.1/x', 404, /GET \/config/],
    ['GET', '/__proto__', 404, /GET \/config/],
    ['POST', '/nodes/%zz', 400, /^invalid path$/],
    ['POST', `/nodes/${'1'.repeat(101)}`, 400, /^invalid path$/],
  ])('%s %s', async (method, path, status, sentence) => {
    const response = await fetch(`${url}${path}`, { method })
    const text = await response.text()
    expect([response.status, text.slice(0, -1)]).toEqual([status, expect.stringMatching(sentence)])
    expect(text).toMatch(/^[^\n]+\n$/)
    expectText(response.headers)
    expect(response.headers.get('Allow')).toBe(/^only (.*) here/.exec(text)?.[1] ?? null)
    expect(await ask('GET', '/config')).toEqual([503, 'waiting for 2 more nodes\n'])
  })

  test.each([
    ['no HTTP', 'garbage\r\n\r\n', 400, 'this is no HTTP request'],
    ['a method that HTTP does not have', 'FOO /5 HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'this is no HTTP request'],
    ['no Host', 'GET /config HTTP/1.1\r\n\r\n', 400, 'exactly one Host is needed'],
    ['long headers', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'1'.repeat(20_000)}\r\n\r\n`, 431, 'the headers are too long'],
    ['no path', 'GET * HTTP/1.1\r\nHost: x\r\n\r\n', 404, 'here are POST /nodes/<id> and GET /config'],
    ['a long body', `${JOIN}Content-Length: 5000\r\n\r\n`, 413, 'the body is longer than 1024 bytes'],
  ])('%s', async (_what, bytes, status, sentence) => {
    const { headers, body, ...response } = await rawClient().exchange(bytes)
    expect([response.status, body.toString()]).toEqual([status, `${sentence}\n`])
    expectText(headers)
    expect(joined).toEqual([])
  })
})

test('a body that does not matter is waited for, and not read as anything', async () => {
  const client = rawClient()
  const json = `${JOIN}Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{`
  client.send(json)
  await heard()
  expect(joined).toEqual([])
  const next = 'GET /config HTTP/1.1\r\nHost: x\r\n\r\n'
  expect((await client.exchange(`12345678${next}`)).body.toString()).toBe('waiting for 1 more node\n')
  expect((await client.response()).body.toString()).toBe('waiting for 1 more node\n')
  expect(joined).toEqual(['1.1 127.0.0.1'])
})

describe('a join that takes too long to arrive', () => {
  test('has 9 s for its headers and 29 s for all of it, as at a node', async () => {
    const node = createHttpServer(new FakeGateway())
    for (const { server } of [app, node]) {
      expect([server.headersTimeout, server.requestTimeout]).toEqual([9_000, 29_000])
    }
    await node.close()
  })

  test.each([
    ['headers', JOIN],
    ['a body', `${JOIN}Content-Length: 5\r\n\r\nab`],
  ])('is refused: %s', async (_what, bytes) => {
    app.server.headersTimeout = 50
    app.server.requestTimeout = 100
    const client = rawClient()
    expect((await client.exchange(bytes)).status).toBe(408)
    client.socket.end()
    await client.closed
    expect(joined).toEqual([])
  })
})

describe('a join whose body does not come to its end joins nobody', () => {
  const length = `${JOIN}Content-Length: 9\r\n\r\n`
  const chunked = `${JOIN}Transfer-Encoding: chunked\r\n\r\n`

  test.each([
    ['half a body', `${length}{"a`],
    ['no body', length],
    ['half a chunk', `${chunked}5\r\nab`],
    ['no last chunk', `${chunked}2\r\nab\r\n`],
  ])('%s, then the end, or a reset', async (_what, bytes) => {
    const ended = rawClient()
    ended.send(bytes)
    ended.socket.end()
    expect((await ended.response()).status).toBe(400)
    await ended.closed
    const reset = rawClient()
    reset.send(bytes)
    await heard()
    reset.socket.resetAndDestroy()
    await reset.closed
    await heard()
    expect(joined).toEqual([])
  })

  test('chunks that are too long together', async () => {
    const client = rawClient()
    const { status, headers, body } = await client.exchange(`${chunked}401\r\n${'a'.repeat(1025)}\r\n0\r\n\r\n`)
    expect([status, body.toString()]).toEqual([413, 'the body is longer than 1024 bytes\n'])
    expectText(headers)
    client.socket.end()
    await client.closed
    expect(joined).toEqual([])
  })
})

/** Settles when what was sent before on other connections has arrived. */
async function heard(): Promise<void> {
  for (let round = 0; round < 2; round++) await ask('GET', '/config')
}

/** As all refusals are told. */
function expectText(headers: { get(name: string): string | null | undefined }): void {
  expect(headers.get('content-type')).toBe('text/plain; charset=utf-8')
  expect(headers.get('x-content-type-options')).toBe('nosniff')
}

test('an id belongs to the host that it came from first; IPv6 hosts have brackets', () => {
  const roster = new Roster({ size: 2, peerPort: 10, httpPort: 20, transport: 'tcp', template: {} })
  roster.join('1.1', '10.0.0.1')
  expect(() => roster.join('1.1', '10.0.0.2')).toThrow('node 1.1 has joined from 10.0.0.1')
  expect([roster.missing, roster.config()]).toEqual([1, null])
  roster.join('1.2', '::1')
  expect(roster.config()?.address).toEqual({ '1.1': 'tcp://10.0.0.1:11', '1.2': 'tcp://[::1]:12' })
})

describe('a roster that is kept', () => {
  const options = { size: 2, peerPort: 10, httpPort: 20, transport: 'tcp', template: { threshold: 2 } }

  test('is given away once, when the last node has come, and begins another one complete', () => {
    const kept: Addresses[] = []
    const first = new Roster({ ...options, keep: (addresses) => kept.push(addresses) })
    first.join('1.2', '10.0.0.2')
    expect(kept).toEqual([])
    first.join('1.1', '::1')
    first.join('1.2', '10.0.0.2')
    expect(kept).toHaveLength(1)
    expect(first.config()).toEqual({ threshold: 2, ...kept[0] })

    const known = kept[0]!
    const again = new Roster({ ...options, peerPort: 30, template: {}, known, keep: () => expect.unreachable() })
    expect([again.missing, again.config()]).toEqual([0, known])
    again.join('1.1', '::1')
    expect(() => again.join('1.1', '10.0.0.1')).toThrow('node 1.1 has joined from ::1')
    expect(() => again.join('1.3', '10.0.0.1')).toThrow('the cluster has its 2 nodes, 1.1, 1.2; 1.3 is none of them')
  })

  test('that cannot be kept is told nobody', () => {
    let full = true
    const roster = new Roster({
      ...options,
      keep: () => {
        if (full) throw new Error('no room')
      },
    })
    roster.join('1.1', '10.0.0.1')
    expect(() => roster.join('1.2', '10.0.0.1')).toThrow('no room')
    expect([roster.missing, roster.config()]).toEqual([1, null])
    full = false
    roster.join('1.2', '10.0.0.1')
    expect(roster.missing).toBe(0)
  })
})
