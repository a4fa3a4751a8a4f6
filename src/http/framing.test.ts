/** Requests that proxies and servers read differently, and floods: refused by their form, byte by byte. */
import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { put } from '../command.ts'
import { request, startServer } from './testing/test-server.ts'

const CLOSING: readonly (readonly [what: string, bytes: string])[] = [
  ['two hosts', 'PUT /1 HTTP/1.1\r\nHost: x\r\nhost: x\r\nContent-Length: 1\r\n\r\na'],
  ['no host', 'PUT /1 HTTP/1.1\r\nContent-Length: 1\r\n\r\na'],
  [
    'a length with chunked',
    'PUT /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n',
  ],
  [
    'chunked with a length',
    'PUT /1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n1\r\na\r\n0\r\n\r\n',
  ],
  ['two lengths', 'PUT /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na'],
  ['a negative length', 'PUT /1 HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\na'],
  ['gzip, chunked', 'PUT /1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\na\r\n0\r\n\r\n'],
  [
    'gzip before chunked',
    'PUT /1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n',
  ],
  [
    'chunked twice',
    'PUT /1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n',
  ],
  ['chunked in HTTP/1.0', 'PUT /1 HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n'],
  [
    'an encoding much like chunked',
    'PUT /1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n1\r\na\r\n0\r\n\r\n',
  ],
  ['an unknown encoding', 'PUT /1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: pigeons\r\n\r\na'],
  ['HTTP/0.9', 'PUT /1 HTTP/0.9\r\nHost: x\r\nContent-Length: 1\r\n\r\na'],
  ['HTTP/2.0', 'PUT /1 HTTP/2.0\r\nHost: x\r\nContent-Length: 1\r\n\r\na'],
  ['HTTP/1.2', 'PUT /1 HTTP/1.2\r\nHost: x\r\nContent-Length: 1\r\n\r\na'],
  ['HTTP/3.0 with a bad path', 'GET /%zz HTTP/3.0\r\nHost: x\r\n\r\n'],
  ['HTTP/2.0 with a bad path', 'GET /%zz HTTP/2.0\r\nHost: x\r\n\r\n'],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['bare line feeds', 'PUT /1 HTTP/1.1\nHost: x\nContent-Length: 1\n\na'],
  ['a bare line feed after the first line', 'PUT /1 HTTP/1.1\nHost: x\r\nContent-Length: 1\r\n\r\na'],
  ['a bare line feed after a header', 'PUT /1 HTTP/1.1\r\nHost: x\nContent-Length: 1\r\n\r\na'],
  ['a bare line feed before the body', 'PUT /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\na'],
  ['bare line feeds in chunks', 'PUT /1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\na\n0\n\n'],
  ['a bare carriage return', 'PUT /1 HTTP/1.1\r\nHost: x\rContent-Length: 1\r\n\r\na'],
  ['a folded header', 'PUT /1 HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n d: e\r\nContent-Length: 1\r\n\r\n'],
  ['a space before the colon', 'PUT /1 HTTP/1.1\r\nHost : x\r\nContent-Length: 1\r\n\r\na'],
  ['a null byte in a header', 'PUT /1 HTTP/1.1\r\nHost: x\r\nA: \0\r\nContent-Length: 1\r\n\r\na'],
  ['a bad chunk', 'PUT /1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\nzz\r\n'],
  ['an unknown method on no key', 'FROB /a HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['an unknown method in HTTP/2.0', 'FROB /1 HTTP/2.0\r\nHost: x\r\n\r\n'],
  ['a method that is no token', 'G(T /1 HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['another protocol', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello'],
]

/** Node itself would answer these, going round the guard. */
const EXPECTING: readonly (readonly [what: string, bytes: string, status: number])[] = [
  ['two hosts with an expectation', 'GET /1 HTTP/1.1\r\nHost: x\r\nHost: y\r\nExpect: x\r\n\r\n', 400],
  ['an expectation', 'GET /1 HTTP/1.1\r\nHost: x\r\nExpect: x\r\n\r\n', 417],
  ['CONNECT', 'CONNECT /1 HTTP/1.1\r\nHost: x\r\n\r\n', 405],
]

test.each(EXPECTING)('%s is refused in one sentence and the connection closed', async (_what, bytes, status) => {
  const { client, gateway, servesWell } = await startServer()
  const one = client()
  const response = await one.exchange(bytes)
  expect(response.status).toBe(status)
  expect(response.body.toString()).toMatch(/^.+\n$/)
  await one.closed
  expect(gateway.submitted).toEqual([])
  await servesWell()
})

test.each(CLOSING)('%s is refused with 400, once, and the connection closed', async (_what, bytes) => {
  const { client, gateway, servesWell } = await startServer()
  const one = client()
  const response = await one.exchange(bytes)
  expect(response.status).toBe(400)
  expect(response.headers.get('connection')).toBe('close')
  expect(response.body.toString()).toMatch(/^.+\n$/)
  await one.closed
  expect(one.received.toString()).toBe('')
  expect(gateway.submitted).toEqual([])
  await servesWell()
})

test.each(CLOSING)('nothing behind %s is taken for a request', async (_what, bytes) => {
  const { client, gateway } = await startServer()
  const one = client()
  one.send(bytes + request('PUT /5', {}, 'b') + request('GET /5'))
  await one.closed
  expect(one.received.toString('latin1')).not.toMatch(/HTTP\/1\.1 2/)
  expect(gateway.submitted).toEqual([])
})

test.each([
  ['BREW', '/1', 'GET, HEAD, PUT, POST'],
  ['get', '/1', 'GET, HEAD, PUT, POST'],
  ['PUTT', '/-5?a=b', 'GET, HEAD, PUT, POST'],
  ['BREW', '/kv/tea', 'GET, HEAD, PUT, POST, DELETE'],
])('%s %s, a method that the parser does not know, is answered with 405', async (method, target, allow) => {
  const { client, gateway, servesWell } = await startServer()
  const one = client()
  const response = await one.exchange(request(`${method} ${target}`) + request('PUT /5', {}, 'b'))
  expect([response.status, response.headers.get('allow')]).toEqual([405, allow])
  expect(response.body.toString()).toBe(`only ${allow} here\n`)
  await one.closed
  expect(gateway.submitted).toEqual([])
  await servesWell()
})

test.each([
  ['/1', 'GET, HEAD, PUT, POST'],
  ['/kv/tea', 'GET, HEAD, PUT, POST, DELETE'],
  ['x:1', 'GET, HEAD, PUT, POST'],
])('CONNECT %s is told the methods that there are', async (target, allow) => {
  const { once } = await startServer()
  const { status, headers } = await once(request(`CONNECT ${target}`))
  expect([status, headers.get('allow')]).toEqual([405, allow])
})

test('nothing behind a body over the limit is taken for a request', async () => {
  const { client, gateway } = await startServer({ bodyLimit: 3 })
  for (const body of [
    request('PUT /1', {}, 'abcd'),
    `${request('PUT /1', { 'Transfer-Encoding': 'chunked' })}4\r\nabcd\r\n0\r\n\r\n`,
  ]) {
    const one = client()
    expect((await one.exchange(body + request('PUT /5', {}, 'b'))).status).toBe(413)
    await one.closed
  }
  expect(gateway.submitted).toEqual([])
})

test.each([
  ['Connection', 'PUT', 'a'],
  ['Proxy-Connection', 'PUT', 'a'],
  ['Connection', 'GET', ''],
])('an upgrade by %s of a %s is ignored but ends the connection', async (name, method, body) => {
  const { client, gateway, once, servesWell } = await startServer()
  gateway.held = []
  const upgrading = client()
  const upgrade = request(`${method} /1`, { [name]: 'Upgrade', Upgrade: 'h2c' }, body)
  upgrading.send(upgrade + request('PUT /2', {}, 'b'))
  await expect.poll(() => gateway.submitted.length).toBe(1)
  upgrading.send(request('PUT /3', {}, 'c'))
  for (let round = 0; round < 3; round++) await once(request('GET /health'))
  gateway.release()
  const response = await upgrading.response()
  expect([response.status, response.headers.get('connection')]).toEqual([200, 'close'])
  await upgrading.closed
  expect(gateway.submitted.map(({ key }) => key)).toEqual(['1'])
  await servesWell()
})

test.each([
  ['Upgrade: \r\nConnection: upgrade', 'an empty Upgrade'],
  ['Upgrade: \t\r\nConnection: Upgrade', 'a blank Upgrade'],
  ['Upgrade:\r\nUpgrade:\r\nConnection: upgrade', 'two empty ones'],
])('%j asks for no upgrade: what is behind it is read, applied and answered', async (headers) => {
  const { client, gateway } = await startServer()
  const one = client()
  one.send(`PUT /1 HTTP/1.1\r\nHost: x\r\n${headers}\r\nContent-Length: 1\r\n\r\na`)
  one.send(request('PUT /2', {}, 'b') + request('PUT /3', {}, 'c'))
  for (let at = 0; at < 3; at++) {
    const response = await one.response()
    expect([response.status, response.headers.get('connection')]).toEqual([200, 'keep-alive'])
  }
  expect(gateway.submitted.map(({ key }) => key)).toEqual(['1', '2', '3'])
})

test.each([
  ['a slow body', '5\r\nab'],
  // Node's parser keeps errors behind an upgrade to itself.
  ['a broken body', 'zz\r\n'],
])('%s of an upgrade is answered with 408 and the connection closed', async (_what, body) => {
  const { client, gateway } = await startServer({ headersTimeoutMs: 100, requestTimeoutMs: 200, checkIntervalMs: 20 })
  const one = client()
  const headers = { Connection: 'Upgrade', Upgrade: 'h2c', 'Transfer-Encoding': 'chunked' }
  expect((await one.exchange(request('PUT /1', headers) + body)).status).toBe(408)
  await one.closed
  expect(one.received).toHaveLength(0)
  expect(gateway.submitted).toEqual([])
})

test('what is behind an expectation that nobody knows is not handled', async () => {
  const { client, gateway } = await startServer()
  const one = client()
  one.send(request('PUT /1', { Expect: 'wonders' }) + request('PUT /2', {}, 'b'))
  expect((await one.response()).status).toBe(417)
  await one.closed
  expect(gateway.submitted).toEqual([])
})

test('HTTP/1.0 is served, without a host', async () => {
  const { client } = await startServer()
  const one = client()
  expect((await one.exchange('GET /1 HTTP/1.0\r\n\r\n')).status).toBe(200)
  await one.closed
})

test('100 headers pass; 101, or more than 16 KiB, are answered with 431 and the connection closed', async () => {
  const { client, gateway, once, servesWell } = await startServer()
  const lines = (n: number): string => Array.from({ length: n }, (_, i) => `X-${i}: a\r\n`).join('')
  expect((await once(`GET /1 HTTP/1.1\r\nHost: x\r\n${lines(99)}\r\n`)).status).toBe(200)
  gateway.submitted.length = 0
  const floods = [lines(100), lines(1000), `X: ${'a'.repeat(17_000)}\r\n`, `X: ${'a'.repeat(2_000_000)}\r\n`]
  for (const flood of floods) {
    const one = client()
    expect((await one.exchange(`GET /1 HTTP/1.1\r\nHost: x\r\n${flood}\r\n`)).status).toBe(431)
    await one.closed
  }
  expect((await once(`GET /${'1'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`)).status).toBe(431)
  expect(gateway.submitted).toEqual([])
  await servesWell()
})

test('a body over the limit is answered with 413 from its length alone', async () => {
  const { client, gateway, servesWell } = await startServer({ bodyLimit: 1000 })
  for (const target of ['/1', '/']) {
    const one = client()
    const response = await one.exchange(request(`POST ${target}`, { 'Content-Length': '1001' }))
    expect([response.status, response.body.toString()]).toEqual([413, 'the body is longer than 1000 bytes\n'])
    await one.closed
  }
  const whole = client()
  expect((await whole.exchange(request('PUT /1', {}, 'a'.repeat(1000)))).status).toBe(200)
  expect((await whole.exchange(request('PUT /1', {}, 'a'.repeat(1001)))).status).toBe(413)
  expect(gateway.submitted).toHaveLength(1)
  await servesWell()
})

test('a client that asks first is not told to send a body over the limit', async () => {
  const { client } = await startServer({ bodyLimit: 10 })
  const expectation = { Expect: '100-continue' }
  const big = client()
  expect((await big.exchange(request('PUT /1', { ...expectation, 'Content-Length': '11' }))).status).toBe(413)
  const small = client()
  expect((await small.exchange(request('PUT /1', { ...expectation, 'Content-Length': '3' }))).status).toBe(100)
  expect((await small.exchange('abc')).status).toBe(200)
})

test('a chunked body is answered with 413 once it passes the limit, whatever still follows', async () => {
  const { app, client, gateway, servesWell } = await startServer({ bodyLimit: 1000 })
  const arrived = new Promise<IncomingMessage>((resolve) => app.server.once('request', resolve))
  const one = client()
  one.send(request('PUT /1', { 'Transfer-Encoding': 'chunked' }))
  one.send(`3e8\r\n${'a'.repeat(1000)}\r\n`)
  one.send('1\r\na\r\n')
  expect((await one.response()).status).toBe(413)
  const incoming = await arrived
  let received = 0
  incoming.on('data', (chunk: Buffer) => {
    received += chunk.length
  })
  for (let i = 0; i < 50; i++) one.send(`10000\r\n${'a'.repeat(0x10000)}\r\n`)
  // What follows is read so that the answer is not lost, and thrown away.
  await expect.poll(() => received).toBe(50 * 0x10000)
  expect(incoming.readableLength).toBe(0)
  await one.closed
  expect(gateway.submitted).toEqual([])
  await servesWell()
})

test.each([
  ['a length', request('PUT /1', { 'Content-Length': '5' })],
  ['chunks', `${request('PUT /1', { 'Transfer-Encoding': 'chunked' })}5\r\n`],
  ['JSON', `${request('POST /', { 'Content-Length': '20' })}{"Key":1,"Value":`],
])('a short body (%s) then close applies nothing', async (_what, head) => {
  const { app, client, gateway, servesWell } = await startServer()
  const gone = (): Promise<void> =>
    new Promise((resolve) => app.server.once('connection', (s) => s.once('close', resolve)))
  for (const end of ['reset', 'half'] as const) {
    const served = gone()
    const one = client()
    one.send(`${head}abc`)
    if (end === 'half') one.socket.end()
    else {
      await new Promise((resolve) => app.server.once('request', resolve))
      one.socket.resetAndDestroy()
    }
    await one.closed
    await served
    expect(one.received.toString('latin1')).not.toMatch(/HTTP\/1\.1 2/)
  }
  expect(gateway.submitted).toEqual([])
  await servesWell()
})

test('a broken body behind answered requests gets its 400', async () => {
  const { client, gateway } = await startServer()
  const one = client()
  expect((await one.exchange(request('PUT /1', {}, 'a'))).status).toBe(200)
  expect((await one.exchange(`${request('PUT /1', { 'Transfer-Encoding': 'chunked' })}zz\r\n`)).status).toBe(400)
  await one.closed
  expect(gateway.submitted).toHaveLength(1)
})

test.each([
  ['a lone line of HTTP/0.9', 'GET /1\r\n'],
  ['slow headers', 'GET /1 HTTP/1.1\r\nHost: x\r\n'],
  ['a slow length', `${request('PUT /1', { 'Content-Length': '5' })}ab`],
  ['slow chunks', `${request('PUT /1', { 'Transfer-Encoding': 'chunked' })}5\r\nab`],
])('%s is answered with 408 and the connection closed', async (_what, bytes) => {
  const { client, gateway, servesWell } = await startServer({
    headersTimeoutMs: 100,
    requestTimeoutMs: 200,
    checkIntervalMs: 20,
  })
  const one = client()
  const response = await one.exchange(bytes)
  expect([response.status, response.headers.get('connection')]).toEqual([408, 'close'])
  await one.closed
  expect(gateway.submitted).toEqual([])
  await servesWell()
})

test.each([
  'close\t',
  'close \t ',
  'Close\t,x',
  'x,close\t',
  'keep-alive, close\t\t, x',
  'close\t\r\nConnection: keep-alive',
  'close',
])('Connection: %j is obeyed: what is behind it is not handled', async (connection) => {
  const { client, gateway } = await startServer()
  const one = client()
  one.send(request('PUT /1', { Connection: connection }, 'a') + request('PUT /2', {}, 'b'))
  const { status, headers } = await one.response()
  expect([status, headers.get('connection')]).toEqual([200, 'close'])
  await one.closed
  expect(one.received.toString()).toBe('')
  expect(gateway.submitted.map(({ key }) => key)).toEqual(['1'])
})

test.each(['closer\t', 'x\tclose', 'x;close\t', 'keep-alive\t', '"close\t"'])(
  'Connection: %j ends nothing',
  async (connection) => {
    const { client } = await startServer()
    const one = client()
    one.send(request('PUT /1', { Connection: connection }, 'a') + request('PUT /2', {}, 'b'))
    expect([(await one.response()).status, (await one.response()).status]).toEqual([200, 200])
  },
)

test('CONNECT behind a request that ends its connection harms nobody, and a CONNECT is not kept', async () => {
  const { client, servesWell } = await startServer()
  const [one, other] = [client(), client()]
  one.send('GET /1 HTTP/1.1\r\n\r\nCONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n')
  expect((await one.response()).status).toBe(400)
  await one.closed
  expect((await other.exchange('CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n')).status).toBe(405)
  other.socket.resetAndDestroy()
  await servesWell()
})

test('the word to go on comes before its own answer, also behind other answers', async () => {
  const { client, gateway } = await startServer()
  gateway.machine.execute(put('1', Buffer.alloc(5000, 'o')))
  const one = client()
  one.send(request('GET /2') + request('PUT /1', { Expect: '100-continue' }, 'new'))
  expect((await one.response()).status).toBe(200)
  expect((await one.response(true)).status).toBe(100)
  expect((await one.response()).body.toString()).toBe('o'.repeat(5000))
  expect((await one.exchange(request('GET /1'))).body.toString()).toBe('new')
})
