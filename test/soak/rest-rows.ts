/** What is wrong with requests, row by row as users and attackers send it, and what it must be answered with. */

/** One kind of bad input on the REST port. */
export interface RestRow {
  readonly name: string
  /** What one client sends. */
  readonly bytes: Buffer
  /** The statuses of the answers, in order; none where the client sends no more and waits for the end. */
  readonly statuses: readonly number[]
  /** What must come of it, where that is not the statuses. */
  readonly expected?: string
  /** How many are sent at once, of what takes the server seconds. */
  readonly lanes?: number
}

/** Bodies are limited to this, so that ten thousand that are too long take no ten gigabytes. */
export const BODY_BYTES = 16_384

const GOOD = 'GET /1 HTTP/1.1\r\nHost: x\r\n\r\n'

function row(name: string, text: string, ...statuses: number[]): RestRow {
  return { name, bytes: Buffer.from(text, 'latin1'), statuses }
}

/** Refused only when the server's patience is over, so many are sent at once. */
function slow(name: string, text: string): RestRow {
  return { ...row(name, text, 408), lanes: 1000 }
}

function request(line: string, headers: readonly string[] = [], body: string | null = null): string {
  const length = body === null ? [] : [`Content-Length: ${body.length}`]
  return `${[`${line} HTTP/1.1`, 'Host: x', ...headers, ...length].join('\r\n')}\r\n\r\n${body ?? ''}`
}

const CHUNK = 'a'.repeat(4096)
const chunk = `1000\r\n${CHUNK}\r\n`

export const REST_ROWS: readonly RestRow[] = [
  row('a key that is none', request('GET /abc'), 400),
  row('a key with a fraction', request('GET /1.5'), 400),
  row('a key with an exponent', request('GET /1e3'), 400),
  row('a key with a sign', request('GET /+1'), 400),
  row('a key with a leading zero', request('PUT /01', [], 'x'), 400),
  row('the key __proto__', request('PUT /__proto__', [], 'x'), 400),
  row('a key of Arabic digits', request('GET /%D9%A1'), 400),
  row('a key and more', request('GET /1/2'), 400),
  row('a byte 0', request('GET /%00'), 400),
  row('a percent sign that is none', request('GET /%zz'), 400),
  row('an empty first segment', request('GET //h/1'), 400),
  row('the target *', request('GET *'), 400),
  row('a key beyond 64 bits', request('GET /9223372036854775808'), 400),
  row('a path that climbs', request('GET /%2e%2e/history'), 400),
  row('an absolute target', request('GET http://x/1'), 400),
  row('another method', request('PATCH /1'), 405),
  row('a declared body over the limit', request('PUT /1', [`Content-Length: ${2 * BODY_BYTES}`]), 413),
  row('a chunked body over the limit', `${request('PUT /1', ['Transfer-Encoding: chunked'])}${chunk.repeat(5)}`, 413),
  { ...row('a body that ends early, then gone', `${request('PUT /1', ['Content-Length: 100'])}abc`), expected: '400' },
  {
    ...row('a delete whose body ends early, then gone', `${request('DELETE /kv/1', ['Content-Length: 100'])}abc`),
    expected: '400',
  },
  row('a delete with broken chunks', `${request('DELETE /kv/1', ['Transfer-Encoding: chunked'])}zz\r\n`, 400),
  row('a delete with a body over the limit', request('DELETE /kv/1', [`Content-Length: ${2 * BODY_BYTES}`]), 413),
  row('bad JSON', request('POST /', [], '{"Key":'), 400),
  row('a BOM before JSON', request('POST /', [], '\xef\xbb\xbf{"Key":1}'), 400),
  row('JSON of wrong types', request('POST /', [], '{"Key":"1","Value":5}'), 400),
  row('deep JSON', request('POST /', [], '['.repeat(BODY_BYTES)), 400),
  row('__proto__ in JSON', request('POST /', [], '{"__proto__":{"Key":1},"Key":1}'), 400),
  row('a Cid that is none', request('GET /1', ['Cid: -1']), 400),
  row('a Cid beyond 2^53', request('GET /1', ['Cid: 9007199254740993']), 400),
  row('two Cids', request('GET /1', ['Cid: 1', 'Cid: 1']), 400),
  row('two Ids', request('GET /1', ['Id: 1.1', 'Id: 1.1']), 400),
  row('a long Id', request('GET /1', [`Id: ${'i'.repeat(300)}`]), 400),
  row('headers over 16 KiB', request('GET /1', [`X: ${'x'.repeat(17_000)}`]), 431),
  row('more than 100 headers', request('GET /1', Array(120).fill('X: y')), 431),
  row('length and chunks', request('PUT /1', ['Content-Length: 3', 'Transfer-Encoding: chunked']), 400),
  row('gzip, chunked', request('PUT /1', ['Transfer-Encoding: gzip, chunked']), 400),
  row('two hosts', request('GET /1', ['Host: y']), 400),
  row('HTTP/2.0', GOOD.replace('1.1', '2.0'), 400),
  row('HTTP/0.9 in the request line', GOOD.replace('1.1', '0.9'), 400),
  row('bare line feeds', GOOD.replaceAll('\r\n', '\n'), 400),
  row('bytes that are no HTTP', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400),
  row('a good request, then garbage', `${GOOD}\x00\x01\x02\x03 nonsense`, 200, 400),
  row('CONNECT', request('CONNECT x:1'), 405),
  { ...row('half a request, then gone', 'GET /1 HTTP/1.1\r\nHos'), expected: '400' },
  row('a session that there is not', request('PUT /1', ['Session: 9-9', 'Seq: 1', 'Acked: 0'], 'x'), 410),
  row('a fault on a node that there is not', request('POST /drop?id=9.9&t=1'), 400),
  row('a fault with a parameter that there is not', request('POST /heal?all=1'), 400),
  slow('slow headers', 'GET /1 HTTP/1.1\r\nHost: x\r\n'),
  slow('a slow body', `${request('PUT /1', ['Content-Length: 100'])}abc`),
  slow('a lone line of HTTP/0.9', 'GET /1\r\n'),
]
