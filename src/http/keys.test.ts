/** The key routes, with every bad input the contract names for them. */
import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Op } from '../command.ts'
import { request, startServer } from './testing/test-server.ts'

const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('latin1')

test('a write answers with the previous value, a read with the present one', async () => {
  const { once } = await startServer()
  expect((await once(request('PUT /1', {}, 'a'))).body.toString()).toBe('')
  expect((await once(request('POST /1', {}, 'b'))).body.toString()).toBe('a')
  expect((await once(request('GET /1'))).body.toString()).toBe('b')
})

test('HEAD answers like GET, with the length and without the body', async () => {
  const { client } = await startServer()
  const one = client()
  await one.exchange(request('PUT /1', {}, 'hello'))
  const head = await one.exchange(request('HEAD /1'), true)
  expect([head.status, head.headers.get('content-length')]).toEqual([200, '5'])
  expect((await one.exchange(request('GET /1'))).body.toString()).toBe('hello')
})

test('an empty PUT is stored as empty, not taken for a read', async () => {
  const { gateway, once } = await startServer()
  await once(request('PUT /1', {}, 'a'))
  for (const headers of [{}, { 'Content-Length': '0' }, { 'Transfer-Encoding': 'chunked' }]) {
    const end = 'Transfer-Encoding' in headers ? '0\r\n\r\n' : ''
    expect((await once(request('PUT /1', headers) + end)).status).toBe(200)
    expect(gateway.submitted.at(-1)).toMatchObject({ op: Op.put, key: '1' })
    expect(text(gateway.submitted.at(-1)?.value)).toBe('')
  }
  expect((await once(request('GET /1'))).body.toString()).toBe('')
})

test('values are bytes: each of them, large and chunked ones, come back as they were', async () => {
  const { client } = await startServer()
  const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
  const one = client()
  for (const value of [all, Buffer.alloc(4096, all), Buffer.alloc(4097, all), Buffer.alloc(1024 * 1024, all)]) {
    one.send(request('PUT /1', { 'Content-Length': String(value.length) }))
    expect((await one.exchange(value)).status).toBe(200)
    expect((await one.exchange(request('GET /1'))).body.equals(value)).toBe(true)
  }
  one.send(request('PUT /2', { 'Transfer-Encoding': 'chunked' }))
  await one.exchange('3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n')
  expect((await one.exchange(request('GET /2'))).body.toString()).toBe('abcd')
})

test('a stored value does not keep a larger buffer alive', async () => {
  const { gateway, once } = await startServer()
  await once(request('PUT /1', {}, 'abc'))
  expect(gateway.submitted[0]?.value.buffer.byteLength).toBeLessThanOrEqual(8192)
})

test('pipelined requests are answered in order, also when the node answers later', async () => {
  const { client, gateway } = await startServer()
  const one = client()
  gateway.held = []
  one.send(request('PUT /1', {}, 'a') + request('PUT /1', {}, 'b') + request('GET /1'))
  await expect.poll(() => gateway.held?.length).toBe(3)
  gateway.release()
  const bodies = [await one.response(), await one.response(), await one.response()].map(({ body }) => body.toString())
  expect(bodies).toEqual(['', 'a', 'b'])
})

test('Id and Cid are echoed, and are empty and 0 when absent', async () => {
  const { once } = await startServer()
  const id = `${'x'.repeat(255)}\xe9`
  const echoed = await once(request('GET /1', { Id: id, Cid: String(2 ** 53), 'X-Property': 'y' }))
  expect([echoed.headers.get('id'), echoed.headers.get('cid')]).toEqual([id, String(2 ** 53)])
  const absent = await once(request('GET /1'))
  expect([absent.headers.get('id'), absent.headers.get('cid')]).toEqual(['', '0'])
  expect((await once(request('GET /1', { Id: '' }))).status).toBe(200)
})

test('without a position there are no Slot, Ballot and Execute', async () => {
  const { gateway, once } = await startServer()
  const ordered = await once(request('GET /1'))
  expect(['slot', 'ballot', 'execute'].map((name) => ordered.headers.get(name))).toEqual(['0', '1.1.1', '0'])
  gateway.ordered = false
  const { headers } = await once(request('GET /1'))
  expect(['slot', 'ballot', 'execute'].filter((name) => headers.has(name))).toEqual([])
})

test.each([
  ['unavailable', 503],
  ['overloaded', 503],
  ['unknown', 504],
  ['unsupported', 501],
  ['internal', 500],
] as const)('%s is answered with %d and the reason', async (code, status) => {
  const { gateway, once } = await startServer()
  gateway.refusal = { ok: false, code, reason: `because of ${code}` }
  const response = await once(request('GET /1', { Id: 'a', Cid: '5' }))
  expect([response.status, response.body.toString()]).toEqual([status, `because of ${code}\n`])
  expect(response.headers.get('retry-after')).toBe(code === 'overloaded' ? '1' : undefined)
  expect(response.headers.get('x-content-type-options')).toBe('nosniff')
  expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8')
  expect([response.headers.get('id'), response.headers.get('cid')]).toEqual(['a', '5'])
})

test('a gateway that throws is answered with 500', async () => {
  const { gateway, once, servesWell } = await startServer()
  gateway.defect = new Error('a defect')
  const response = await once(request('PUT /1', {}, 'a'))
  expect([response.status, response.body.toString()]).toEqual([500, 'a defect\n'])
  gateway.defect = null
  await servesWell()
})

test('a client that left before its answer disturbs nobody', async () => {
  const { client, gateway, servesWell } = await startServer()
  gateway.held = []
  const one = client()
  one.send(request('PUT /1', {}, 'a'))
  await expect.poll(() => gateway.held?.length).toBe(1)
  one.close()
  await one.closed
  gateway.release()
  await servesWell()
})

const PATHS = ['/abc', '/1.5', '/1e3', '/0x10', '/+1', '/01', '/-0', '/1%20', '/__proto__', '/%D9%A3', '/\xd9\xa3']
const BEYOND = ['/9223372036854775808', '/-9223372036854775809', `/${'1'.repeat(5000)}`]
const ESCAPES = [
  '/%2e%2e/history?key=1',
  '/../history?key=1',
  '//h/1',
  '/1/2',
  '/%zz',
  '/%00',
  '/%',
  '/1%00',
  '/%31',
  '/1#a',
]
const FORMS = [
  '*',
  'http://x/1',
  'http://x/history?key=1',
  '/history/',
  '/HISTORY?key=1',
  '/history;a?key=1',
  '/%68istory?key=1',
]

test.each([...PATHS, ...BEYOND, ...ESCAPES, ...FORMS])('%s is no path, for reads and writes', async (path) => {
  const { gateway, once, servesWell } = await startServer()
  for (const method of ['GET', 'PUT', 'POST']) {
    const response = await once(request(`${method} ${path}`, {}, method === 'GET' ? '' : 'abc'))
    expect(response.status, method).toBeOneOf([400, 404])
    expect(response.body.toString().endsWith('\n')).toBe(true)
  }
  expect(gateway.submitted).toEqual([])
  await servesWell()
})

test.each(['DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY', 'M-SEARCH'])(
  '%s on a key is answered with 405 and Allow',
  async (method) => {
    const { gateway, once, servesWell } = await startServer()
    for (const headers of [{}, { 'Content-Type': 'nonsense' }]) {
      const response = await once(request(`${method} /1`, headers, 'abc'))
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD, PUT, POST'])
    }
    expect(gateway.submitted).toEqual([])
    await servesWell()
  },
)

test('other methods on other routes are answered with 405 and their Allow', async () => {
  const { once } = await startServer()
  expect((await once(request('POST /history?key=1'))).headers.get('allow')).toBe('GET, HEAD')
  expect((await once(request('DELETE /crash?t=1'))).headers.get('allow')).toBe('GET, POST')
  const root = await once(request('GET /'))
  expect([root.status, root.headers.get('allow')]).toEqual([405, 'POST'])
})

test.each([
  ['Cid: x'],
  ['Cid: '],
  ['Cid: -1'],
  ['Cid: 1.5'],
  ['Cid: +1'],
  ['Cid: 9007199254740993'],
  ['Cid: 99999999999999999999'],
  ['Cid: 1\r\ncid: 1'],
  ['Cid: 1, 1'],
  ['Id: a\r\nID: a'],
  [`Id: ${'a'.repeat(257)}`],
])('%j is refused', async (header) => {
  const { gateway, once, servesWell } = await startServer()
  const response = await once(`PUT /1 HTTP/1.1\r\nHost: x\r\n${header}\r\nContent-Length: 1\r\n\r\na`)
  expect(response.status).toBe(400)
  expect(gateway.submitted).toEqual([])
  await servesWell()
})

test('POST / takes any content type, keeps all digits, and headers stand in for absent ids', async () => {
  const { gateway, once } = await startServer()
  for (const type of ['json', 'application/json', 'text/plain', '///', 'application/json; charset=']) {
    const body = '{"Key":9007199254740993,"Value":"YQ=="}'
    const response = await once(request('POST /', { 'Content-Type': type, Id: 'c', Cid: '3' }, body))
    expect([response.status, response.headers.get('id'), response.headers.get('cid')]).toEqual([200, 'c', '3'])
    expect(gateway.submitted.at(-1)?.key).toBe('9007199254740993')
  }
  const own = await once(request('POST /', { Id: 'c', Cid: '3' }, '{"Key":1,"ClientID":"\xc3\xa9","CommandID":4}'))
  expect([own.headers.get('id'), own.headers.get('cid')]).toEqual(['\xc3\xa9', '4'])
})

test.each(['', '{', 'null', '{"Key":"1"}', '{"Key":1,"__proto__":{}}', '['.repeat(100_000), '\xef\xbb\xbf{"Key":1}'])(
  'POST / with a bad body is refused and never executed (%#)',
  async (body) => {
    const { gateway, once, servesWell } = await startServer()
    expect((await once(request('POST /', {}, body))).status).toBe(400)
    expect(gateway.submitted).toEqual([])
    await servesWell()
  },
)

const strings = new URL('../../../shared/http/blns.json', import.meta.url)
const present = existsSync(strings)
if (!present) console.warn('SKIPPED: the hostile strings, because ../shared/http/blns.json is missing')

test.skipIf(!present)('hostile strings are values, and neither keys nor trouble', async () => {
  const { client, gateway, servesWell } = await startServer()
  let one = client()
  for (const hostile of JSON.parse(readFileSync(strings, 'utf8')) as string[]) {
    const value = Buffer.from(hostile)
    const json = JSON.stringify({ Key: 2, ClientID: hostile, Value: value.toString('base64') })
    await one.exchange(request('PUT /1', {}, value.toString('latin1')))
    expect((await one.exchange(request('GET /1'))).body.toString()).toBe(hostile)
    expect((await one.exchange(request('POST /', {}, Buffer.from(json).toString('latin1')))).status).toBeOneOf([
      200, 400,
    ])
    if (/^-?[0-9]+$/.test(hostile)) continue
    const before = gateway.submitted.length
    const encoded = encodeURIComponent(hostile)
    expect((await one.exchange(request(`PUT /${encoded}`, {}, 'a'))).status).toBeOneOf([400, 404, 405])
    expect(gateway.submitted.length).toBe(before)
    one.close()
    one = client()
  }
  await servesWell()
})
