/** What of a request's headers is a property of the request, and who is told. */
import { expect, test } from 'vitest'
import { FakeGateway } from './testing/fake-gateway.ts'
import { request, startServer } from './testing/test-server.ts'

async function asking(properties: boolean) {
  const gateway = new FakeGateway()
  gateway.offers = { ...gateway.offers, properties }
  const server = await startServer({}, gateway)
  return { ...server, last: () => Object.fromEntries(gateway.properties.at(-1)!) }
}

test.each([
  ['PUT /1', 'a'],
  ['PUT /kv/1', 'a'],
  ['GET /1', ''],
  ['GET /kv/1', ''],
  ['DELETE /kv/1', ''],
  ['POST /', '{"Key":1}'],
  ['POST /session', ''],
])('%s tells all headers but those of its sender, the connection and the body', async (line, body) => {
  const { once, last } = await asking(true)
  const own = { Id: 'a', Cid: '5', 'X-Colour': 'r\xe9d', 'x-empty': '', Read: 'log', 'Content-Type': 'text/x' }
  const others = {
    Connection: 'keep-alive, X-Hop',
    'X-Hop': '1',
    TE: 'trailers',
    'Keep-Alive': '5',
    Expect: '100-continue',
  }
  await once(request(line, { ...own, ...others }, body))
  expect(last()).toEqual({ host: 'x', 'x-colour': 'r\xe9d', 'x-empty': '', read: 'log', 'content-type': 'text/x' })
})

test('what is repeated is joined, and no name is a trap', async () => {
  const { once, last, gateway } = await asking(true)
  const strange = [
    'a: 1',
    'A: 2',
    'Cookie: c=1',
    'Cookie: d=2',
    'Set-Cookie: 1',
    'Set-Cookie: 2',
    'constructor: 3',
    '__proto__: 4',
    'User-Agent: u',
    'User-Agent: v',
  ]
  await once(`GET /1 HTTP/1.1\r\nHost: x\r\n${strange.join('\r\n')}\r\n\r\n`)
  expect(gateway.properties.at(-1)).toEqual(
    new Map([
      ['host', 'x'],
      ['a', '1, 2'],
      ['cookie', 'c=1; d=2'],
      ['set-cookie', '1, 2'],
      ['constructor', '3'],
      ['__proto__', '4'],
      ['user-agent', 'u, v'],
    ]),
  )
  await once(`PUT /1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`)
  expect(last()).toEqual({ host: 'x' })
  expect(gateway.properties.at(-1)!.get('toString')).toBeUndefined()
})

test('a protocol that does not ask is told none', async () => {
  const { once, last } = await asking(false)
  await once(request('PUT /1', { 'X-Colour': 'red' }, 'a'))
  expect(last()).toEqual({})
})
