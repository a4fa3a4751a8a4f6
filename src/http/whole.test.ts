/** No route acts on a request before all of it is here, whether it wants the body or not; form by form. */
import { expect, test } from 'vitest'
import { createHttpServer } from './server.ts'
import { FakeGateway } from './testing/fake-gateway.ts'
import { request, startServer, type TestServer } from './testing/test-server.ts'

/** What a route is asked for, where its url alone is no good request. */
const TARGETS: Readonly<Record<string, string>> = {
  '/:key': '/1',
  '/kv/*': '/kv/d',
  '/history': '/history?key=1',
  '/crash': '/crash?t=1',
  '/drop': '/drop?id=1.2&t=1',
  '/slow': '/slow?id=1.2&ms=5&t=1',
  '/flaky': '/flaky?id=1.2&p=1&t=1',
  '/partition': '/partition?ids=1.2&t=1',
}

/** The first line of a good request for each route and method. */
async function everyLine(): Promise<string[]> {
  const lines: string[] = []
  const app = createHttpServer(new FakeGateway())
  app.addHook('onRoute', ({ method, url }) => {
    if (url.startsWith('/docs/')) return
    for (const one of [method].flat()) lines.push(`${one} ${TARGETS[url] ?? url}`)
  })
  await app.ready()
  await app.close()
  return lines
}

const LINES = await everyLine()
const BAD_LINES = ['PATCH /1', 'PUT /abc', 'DELETE /kv/', 'POST /history?key=1', 'GET /a/b']

const IMPATIENT = { headersTimeoutMs: 100, requestTimeoutMs: 200, checkIntervalMs: 20 }
const CHUNKED = { 'Transfer-Encoding': 'chunked' }

/** What comes behind the headers, at once and later, and how it is answered. Then the client ends. */
const FORMS: readonly (readonly [
  string,
  headers: Record<string, string>,
  first: string,
  later: string,
  status: number,
])[] = [
  ['a short body, then the end', { 'Content-Length': '10' }, 'ab', '', 400],
  ['no body, then the end', { 'Content-Length': '10' }, '', '', 400],
  ['a short chunk, then the end', CHUNKED, '5\r\nab', '', 400],
  ['chunks without a last one, then the end', CHUNKED, '2\r\nab\r\n', '', 400],
  ['a chunk size that is none', CHUNKED, 'zz\r\n', '', 400],
  ['a chunk size that is none, later', CHUNKED, '', 'zz\r\n', 400],
  ['a chunk size that is none behind a chunk', CHUNKED, '2\r\nab\r\n', 'zz\r\n', 400],
  ['bare line feeds in chunks', CHUNKED, '2\nab\n0\n\n', '', 400],
  ['a bare line feed behind a chunk', CHUNKED, '2\r\nab\n0\r\n\r\n', '', 400],
  ['a length over the limit', { 'Content-Length': '9999999' }, '', '', 413],
  ['a body over the limit', { 'Content-Length': '1001' }, 'a'.repeat(1001), '', 413],
  ['chunks over the limit', CHUNKED, `3e9\r\n${'a'.repeat(1001)}\r\n0\r\n\r\n`, '', 413],
]

/** What every route was refused for did nothing, and the server is well. */
async function nothingApplied({ gateway, servesWell }: TestServer): Promise<void> {
  expect([gateway.submitted, gateway.injected]).toEqual([[], []])
  await servesWell()
}

/** Settles when what was sent before on other connections has arrived. */
async function arrived({ once }: TestServer): Promise<void> {
  for (let round = 0; round < 2; round++) await once(request('GET /health'))
}

test.each(FORMS)('%s: every route refuses, applies nothing, and ends the connection', async (_form, ...rest) => {
  const [headers, first, later, status] = rest
  const server = await startServer({ bodyLimit: 1000 })
  const refused = async (line: string): Promise<void> => {
    const one = server.client(true)
    one.send(request(line, headers) + first)
    if (later !== '') {
      await arrived(server)
      one.send(later + request('PUT /5', {}, 'b'))
    }
    one.socket.end()
    const response = await one.response(line.startsWith('HEAD') && status === 413)
    expect([response.status, response.headers.get('connection')], line).toEqual([status, 'close'])
    await one.closed
    expect(one.received.toString(), line).toBe('')
  }
  await Promise.all([...LINES, ...BAD_LINES].map(refused))
  await nothingApplied(server)
})

test('a short body, then a reset: no route applies anything', async () => {
  const server = await startServer()
  const reset = async (line: string): Promise<void> => {
    const one = server.client()
    one.send(`${request(line, { 'Content-Length': '10' })}ab`)
    await arrived(server)
    one.socket.resetAndDestroy()
    await one.closed
  }
  await Promise.all([...LINES, ...BAD_LINES].map(reset))
  await arrived(server)
  await nothingApplied(server)
})

test('a slow body: every route answers 408 and applies nothing, also if the rest comes', async () => {
  const server = await startServer(IMPATIENT)
  const late = async (line: string): Promise<void> => {
    const one = server.client(true)
    const { status } = await one.exchange(`${request(line, { 'Content-Length': '10' })}ab`)
    expect(status, line).toBe(408)
    one.send('cdefghij')
    one.socket.end()
    await one.closed
  }
  await Promise.all([...LINES, ...BAD_LINES].map(late))
  await nothingApplied(server)
})

const JSON_READ = '{"Key":1}'

test.each([
  ['a length', { 'Content-Length': `${JSON_READ.length}` }, JSON_READ.slice(0, 4), JSON_READ.slice(4)],
  ['chunks', CHUNKED, `4\r\n${JSON_READ.slice(0, 4)}\r\n`, `5\r\n${JSON_READ.slice(4)}\r\n0\r\n\r\n`],
])(
  'a body that comes in two parts (%s): every route acts once, behind the second',
  async (_what, headers, ...parts) => {
    const server = await startServer({ bodyLimit: 1000 })
    const { client, gateway } = server
    let acted = 0
    for (const line of LINES) {
      await server.once(request('PUT /kv/d', {}, 'a'))
      gateway.submitted.length = 0
      gateway.injected.length = 0
      const begun = new Promise((resolve) => server.app.server.once('request', resolve))
      const one = client()
      one.send(request(line, headers) + parts[0])
      await begun
      expect([gateway.submitted, gateway.injected], line).toEqual([[], []])
      const { status } = await one.exchange(`${parts[1]}`, line.startsWith('HEAD'))
      expect(status, line).toBeLessThan(300)
      expect(gateway.submitted.length + gateway.injected.length, line).toBeLessThanOrEqual(1)
      acted += gateway.submitted.length + gateway.injected.length
      // Its connection goes on.
      expect((await one.exchange(request('GET /1'))).status, line).toBe(200)
      one.close()
    }
    // GET, HEAD, PUT and POST of both kinds of keys, DELETE, JSON, a session, and the faults.
    expect(acted).toBe(4 + 4 + 1 + 1 + 1 + 8)
  },
)
