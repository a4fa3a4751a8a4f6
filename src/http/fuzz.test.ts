/** Whatever is sent to the REST front: no request fails inside the server, and the next good one works. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fuzz, fuzzTimeoutMs } from '../../test/support/fuzz.ts'
import { startServer } from './testing/test-server.ts'

/** Long enough for a server that answers at once. */
const SILENCE_MS = 100

const method = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('GET', 'PUT', 'POST') },
  { weight: 2, arbitrary: fc.constantFrom('HEAD', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'CONNECT') },
  fc.string({ unit: fc.constantFrom('A', 'z', '-', '~'), minLength: 1, maxLength: 6 }),
)
const piece = fc.oneof(
  fc.constantFrom(
    '1',
    '-9',
    'kv',
    'history',
    'state',
    'metrics',
    'health',
    'ready',
    'session',
    'crash',
    'drop',
    'docs',
  ),
  fc.constantFrom(
    '..',
    '%2e%2e',
    '%00',
    '%zz',
    '%C3%A9',
    '%F0%28',
    '__proto__',
    'constructor',
    '*',
    '',
    '9'.repeat(400),
  ),
  fc.webSegment(),
)
const query = fc.oneof(
  fc.constant(''),
  fc.constantFrom('?t=1&id=1.2', '?t=-1', '?t=1e9', '?key=1', '?key=__proto__', '?ids=1.1,1.2&t=1', '?p=2&t=1&id=1.2'),
  fc.webQueryParameters().map((text) => `?${text}`),
)
const mostly = fc.constantFrom(
  '/1',
  '/-9',
  '/kv/a',
  '/kv/%C3%A9?x',
  '/',
  '/history?key=1',
  '/state',
  '/session',
  '/heal',
)
const strangeTarget = fc
  .tuple(fc.constantFrom('/', '/', '/', '', '//', 'http://x/'), fc.array(piece, { maxLength: 3 }), query)
  .map(([root, pieces, end]) => `${root}${pieces.join('/')}${end}` || '/')
const target = fc.oneof(mostly, strangeTarget)
const name = fc.oneof(
  fc.constantFrom('Id', 'Cid', 'Session', 'Seq', 'Acked', 'If-Match', 'If-None-Match', 'Expect', 'Upgrade', 'Range'),
  fc.constantFrom(
    'Transfer-Encoding',
    'Content-Length',
    'Connection',
    'Proxy-Connection',
    'Host',
    'Content-Type',
    '__proto__',
  ),
  fc.stringMatching(/^[A-Za-z-]{1,12}$/),
)
const content = fc.oneof(
  fc.constantFrom(
    '',
    '1',
    '-1',
    '"1"',
    '*',
    'a.b',
    'chunked',
    'gzip, chunked',
    '100-continue',
    'h2c',
    '9007199254740993',
  ),
  fc.constantFrom('keep-alive, Upgrade', 'close', 'bytes=0-1', '0-0', 'x'.repeat(2000)),
  fc.stringMatching(/^[ -~]{0,20}$/),
)
const body = fc.oneof(
  fc.constant(''),
  fc.constantFrom('{"Key":1}', '{"Key":1,"Value":"YQ=="}', '{"Key":"1"}', '{"__proto__":{"Key":1}}', '['.repeat(5000)),
  fc.json({ maxDepth: 3 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
)

/** A request with a length that is its own; its headers may say otherwise. */
const proper = fc
  .tuple(method, target, fc.array(fc.tuple(name, content), { size: 'xsmall', maxLength: 4 }), body)
  .map(([verb, path, headers, text]) => {
    const bytes = Buffer.from(text)
    const lines = [`${verb} ${path} HTTP/1.1`, 'Host: x', ...headers.map(([key, said]) => `${key}: ${said}`)]
    if (bytes.length > 0) lines.push(`Content-Length: ${bytes.length}`)
    return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), bytes])
  })
const garbage = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes))
const anything = fc.oneof({ weight: 8, arbitrary: proper }, garbage)

/** 501 is what a protocol does not offer; the fake node offers all, and refuses nothing. */
const GRAVE = /^HTTP\/1\.1 5/

test(
  'no bytes make it fail',
  async () => {
    const server = await startServer()
    const statuses = new Set<number>()
    await fc.assert(
      fc.asyncProperty(fc.array(anything, { minLength: 1, maxLength: 3 }), async (parts) => {
        const one = server.client()
        for (const part of parts) one.send(part)
        let timer: NodeJS.Timeout | undefined
        const silence = new Promise<void>((resolve) => {
          // It is silent once this long nothing more has come.
          const arm = () => {
            clearTimeout(timer)
            timer = setTimeout(resolve, one.received.length > 0 ? 5 : SILENCE_MS)
          }
          one.socket.on('data', arm)
          arm()
        })
        await Promise.race([one.closed, silence])
        clearTimeout(timer)
        for (const line of one.received.toString('latin1').split('\r\n')) {
          expect(line).not.toMatch(GRAVE)
          if (line.startsWith('HTTP/1.1 ')) statuses.add(Number(line.slice(9, 12)))
        }
        one.close()
      }),
      fuzz(400),
    )
    await server.servesWell()
    // The cases are of many kinds, good ones too.
    for (const status of [200, 400, 405]) expect(statuses).toContain(status)
  },
  fuzzTimeoutMs(60_000),
)
