/** `/kv/` and `/session`: any key, deletes, compare-and-set and sessions, with every bad input for them. */
import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { put } from '../command.ts'
import type { RawResponse } from './testing/raw-client.ts'
import { request, startServer } from './testing/test-server.ts'

const BLNS = '../shared/http/blns.json'

const said = ({ status, headers, body }: RawResponse) => [status, headers.get('etag') ?? null, body.toString()]
const kv = (key: string) => `/kv/${encodeURIComponent(key)}`

test('a key is read, written and deleted; what is absent is 404', async () => {
  const { once } = await startServer()
  expect(said(await once(request('GET /kv/k')))).toEqual([404, null, 'absent\n'])
  expect(said(await once(request('DELETE /kv/k')))).toEqual([404, null, 'absent\n'])
  expect(said(await once(request('PUT /kv/k', {}, 'a')))).toEqual([200, '"1"', ''])
  expect(said(await once(request('POST /kv/k', {}, 'b')))).toEqual([200, '"2"', 'a'])
  expect(said(await once(request('GET /kv/k?x=%20')))).toEqual([200, '"2"', 'b'])
  const head = await once(request('HEAD /kv/k'), true)
  expect([head.status, head.headers.get('content-length'), head.headers.get('etag')]).toEqual([200, '1', '"2"'])
  expect(said(await once(request('DELETE /kv/k')))).toEqual([200, '"3"', 'b'])
  expect(said(await once(request('GET /kv/k')))).toEqual([404, null, 'absent\n'])
  expect((await once(request('HEAD /kv/k'), true)).status).toBe(404)
})

test('an empty value is there, which the integer routes cannot tell', async () => {
  const { once } = await startServer()
  await once(`PUT /kv/7 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`)
  expect(said(await once(request('GET /kv/7')))).toEqual([200, '"1"', ''])
  expect((await once(request('GET /8'))).status).toBe(200)
})

test('/42 and /kv/42 are the same key, however it is spelt', async () => {
  const { once } = await startServer()
  await once(request('PUT /42', {}, 'a'))
  expect((await once(request('GET /kv/42'))).body.toString()).toBe('a')
  expect((await once(request('DELETE /kv/%34%32'))).status).toBe(200)
  expect((await once(request('GET /42'))).body.toString()).toBe('')
  await once(request('PUT /kv/042', {}, 'b'))
  expect((await once(request('GET /42'))).body.toString()).toBe('')
})

test.each(['', 'a/b', '..', '../history', '%', '?', '#', '\0', '\r\n', 'ключ', '\u{1f600}', '__proto__', ' ', 'a+b'])(
  'key %j is one',
  async (key) => {
    const { gateway, once, servesWell } = await startServer()
    expect((await once(request(`PUT ${kv(key)}`, {}, 'x'))).status).toBe(200)
    expect(gateway.submitted.at(-1)?.key).toBe(key)
    expect((await once(request(`GET ${kv(key)}`))).body.toString()).toBe('x')
    await servesWell()
  },
)

test.each([
  '/kv/%zz',
  '/kv/%',
  '/kv/%ff',
  '/kv/%c3',
  '/kv/%ed%a0%80',
  '/kv/a/b',
  '/kv//',
  '/kv',
  '//kv/1',
  '/KV/1',
  '/%6bv/1',
  '/kv/../1',
  '/kv%2f1',
])('%s is none', async (target) => {
  const { gateway, once, servesWell } = await startServer()
  for (const method of ['GET', 'PUT', 'DELETE'])
    expect((await once(request(`${method} ${target}`))).status, method).toBe(400)
  expect(gateway.submitted).toEqual([])
  await servesWell()
})

test('a raw byte beyond ASCII is no key', async () => {
  const { gateway, once } = await startServer()
  const bytes = Buffer.from(request('PUT /kv/\u00e9', {}, 'x'), 'latin1')
  expect((await once(bytes)).status).toBe(400)
  expect(gateway.submitted).toEqual([])
})

test('other methods are answered with those there are', async () => {
  const { once } = await startServer()
  const patch = await once(request('PATCH /kv/k'))
  expect([patch.status, patch.headers.get('allow')]).toEqual([405, 'GET, HEAD, PUT, POST, DELETE'])
  expect((await once(request('GET /session'))).headers.get('allow')).toBe('POST')
  expect((await once(request('DELETE /1'))).status).toBe(405)
})

test('a body that is too long is refused, and nothing is written', async () => {
  const { gateway, once } = await startServer({ bodyLimit: 10 })
  expect((await once(request('PUT /kv/k', {}, 'x'.repeat(11)))).status).toBe(413)
  expect(gateway.submitted).toEqual([])
})

test('a write under a condition takes place only where it holds', async () => {
  const { gateway, once } = await startServer()
  const ask = async (line: string, headers: Record<string, string>, body = '') =>
    said(await once(request(line, headers, body)))
  expect(await ask('PUT /kv/k', { 'If-Match': '"1"' }, 'a')).toEqual([412, null, 'the key is absent\n'])
  expect(await ask('PUT /kv/k', { 'If-None-Match': '*' }, 'a')).toEqual([200, '"1"', ''])
  expect(await ask('PUT /kv/k', { 'If-None-Match': '*' }, 'b')).toEqual([412, '"1"', 'the key is at version 1\n'])
  expect(await ask('PUT /kv/k', { 'If-Match': '"1"' }, 'b')).toEqual([200, '"2"', 'a'])
  expect(await ask('PUT /kv/k', { 'If-Match': '"1"' }, 'c')).toEqual([412, '"2"', 'the key is at version 2\n'])
  expect(await ask('DELETE /kv/k', { 'If-Match': '"1"' })).toEqual([412, '"2"', 'the key is at version 2\n'])
  expect(await ask('DELETE /kv/k', { 'If-Match': '"2"' })).toEqual([200, '"3"', 'b'])
  for (const version of [2, 3]) expect((await ask('PUT /kv/k', { 'If-Match': `"${version}"` }, 'old'))[0]).toBe(412)
  expect(await ask('PUT /kv/k', { 'If-None-Match': '*' }, 'd')).toEqual([200, '"4"', ''])
  // A condition is never passed over, on the other routes neither.
  gateway.store.execute(put('7', Uint8Array.of(1)))
  expect((await ask('PUT /7', { 'If-Match': '"9"' }, 'x'))[0]).toBe(412)
})

test.each([
  { 'If-Match': '1' },
  { 'If-Match': '*' },
  { 'If-Match': '"0"' },
  { 'If-Match': '"01"' },
  { 'If-Match': '"1", "2"' },
  { 'If-Match': 'W/"1"' },
  { 'If-Match': '"99999999999999999"' },
  { 'If-Match': '"9007199254740993"' },
  { 'If-Match': '' },
  { 'If-None-Match': '"1"' },
  { 'If-None-Match': '' },
  { 'If-Match': '"1"', 'If-None-Match': '*' },
  { Seq: '1' },
  { Acked: '0' },
  { Session: '1-00000abc' },
  { Session: '', Seq: '1' },
  { Session: 'a b', Seq: '1' },
  { Session: '1-00000abc', Seq: '0' },
  { Session: '1-00000abc', Seq: '-1' },
  { Session: '1-00000abc', Seq: '1.5' },
  { Session: '1-00000abc', Seq: '01' },
  { Session: '1-00000abc', Seq: '9007199254740992' },
  { Session: '1-00000abc', Seq: '2', Acked: '2' },
  { Session: '1-00000abc', Seq: '2', Acked: 'x' },
])('the headers %j are refused: nothing is applied', async (headers) => {
  const { gateway, once, servesWell } = await startServer()
  gateway.machine.execute({ op: 6, key: '', value: new Uint8Array(0) })
  for (const line of ['PUT /kv/1', 'PUT /1', 'DELETE /kv/1']) {
    const response = await once(request(line, headers as Record<string, string>))
    expect([response.status, response.headers.get('content-type')], line).toEqual([400, 'text/plain; charset=utf-8'])
  }
  expect(gateway.submitted).toEqual([])
  await servesWell()
})

test('headers given twice are refused', async () => {
  const { gateway, once } = await startServer()
  const base = { Session: '1-00000abc', Seq: '1' }
  for (const [name, value] of [...Object.entries(base), ['Acked', '0']]) {
    const twice = `PUT /kv/1 HTTP/1.1\r\nHost: x\r\nSession: 1-00000abc\r\nSeq: 1\r\nAcked: 0\r\n${name}: ${value}\r\n\r\n`
    expect((await once(twice)).status, name).toBe(400)
  }
  expect(gateway.submitted).toEqual([])
})

test('a session executes a write once, and answers retries as the first time', async () => {
  const { gateway, once } = await startServer()
  const opened = await once(request('POST /session'))
  expect([opened.status, opened.headers.get('content-type')]).toEqual([201, 'application/json; charset=utf-8'])
  const { session } = JSON.parse(opened.body.toString()) as { session: string }
  expect(session).toBe('1-00000abc')
  const write = async (line: string, seq: number, body: string, more = {}) =>
    said(await once(request(line, { Session: session, Seq: `${seq}`, ...more }, body)))
  await once(request('PUT /kv/k', {}, 'zero'))
  expect(await write('PUT /kv/k', 1, 'a')).toEqual([200, '"2"', 'zero'])
  await once(request('PUT /kv/k', {}, 'other'))
  expect(await write('PUT /kv/k', 1, 'a')).toEqual([200, '"2"', 'zero'])
  expect((await write('PUT /kv/k', 1, 'b'))[0]).toBe(409)
  expect((await write('PUT /kv/k', 1025, 'b'))[0]).toBe(409)
  expect((await write('PUT /kv/k', 2, 'b', { Acked: '1', 'If-Match': '"3"' }))[0]).toBe(200)
  expect((await write('PUT /kv/k', 2, 'b', { Acked: '1', 'If-Match': '"3"' }))[0]).toBe(200)
  expect((await write('PUT /kv/k', 1, 'a'))[0]).toBe(409)
  expect((await write('DELETE /kv/k', 3, ''))[0]).toBe(200)
  expect((await write('DELETE /kv/k', 3, ''))[0]).toBe(200)
  expect(await write('PUT /1', 4, 'int')).toEqual([200, '"1"', ''])
  expect((await write('PUT /1', 4, 'int'))[1]).toBe('"1"')
  expect(gateway.store.get('k').version).toBe(5)
})

test.each(['2-00000abc', '1-00000abd', 'x', '99999999999999999-00000abc'])(
  'the session %s is not known',
  async (session) => {
    const { once } = await startServer()
    await once(request('POST /session'))
    expect((await once(request('PUT /kv/k', { Session: session, Seq: '1' }, 'a'))).status).toBe(410)
    expect((await once(request('GET /kv/k'))).status).toBe(404)
  },
)

test('Id and Cid alone deduplicate nothing: Paxi’s client uses them again', async () => {
  const { gateway, once } = await startServer()
  for (const line of ['PUT /1', 'PUT /kv/1']) await once(request(line, { Id: '1.1', Cid: '5' }, 'same'))
  expect(gateway.store.get('1').version).toBe(2)
})

test('a protocol without them answers 501, and shows no versions', async () => {
  const { gateway, once, servesWell } = await (async () => {
    const { FakeGateway } = await import('./testing/fake-gateway.ts')
    const plain = new FakeGateway()
    plain.offers = { sessions: false, compareAndSet: false, order: false, properties: false, reads: [] }
    return startServer({}, plain)
  })()
  expect((await once(request('POST /session'))).status).toBe(501)
  const headers: Record<string, string>[] = [
    { Session: '1-00000abc', Seq: '1' },
    { 'If-Match': '"1"' },
    { 'If-None-Match': '*' },
  ]
  for (const each of headers)
    for (const line of ['PUT /kv/1', 'PUT /1', 'DELETE /kv/1'])
      expect((await once(request(line, each))).status, JSON.stringify(each)).toBe(501)
  expect(gateway.submitted).toEqual([])
  expect(said(await once(request('PUT /kv/1', {}, 'a')))).toEqual([200, null, ''])
  await servesWell()
})

const naughty = existsSync(BLNS) ? (JSON.parse(readFileSync(BLNS, 'utf8')) as string[]) : null
if (!naughty) console.warn(`SKIPPED: ${BLNS} is missing`)

test.skipIf(!naughty)('hostile strings are keys and values like any other', async () => {
  const { gateway, client } = await startServer()
  const one = client()
  for (const text of naughty!) {
    if (!text.isWellFormed()) continue
    const value = Buffer.from(text)
    const head = `PUT ${kv(text)} HTTP/1.1\r\nHost: x\r\nContent-Length: ${value.length}\r\n\r\n`
    const written = await one.exchange(Buffer.concat([Buffer.from(head, 'latin1'), value]))
    expect(written.status, text).toBe(200)
    const read = await one.exchange(request(`GET ${kv(text)}`))
    expect([read.status, read.body.toString()], text).toEqual([200, text])
    expect(gateway.submitted.at(-1)?.key).toBe(text)
  }
})
