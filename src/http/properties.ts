/**
 * What a protocol that asks for it is told of a request besides the command: the headers with which it came, but for those
 * of the sender's name and number, and those of the connection and the body, which are no business of the request.
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { Properties } from '../request.ts'

/** Beside `Id` and `Cid`: RFC 9110, §7.6.1, and what frames the body. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'id',
  'cid',
  'connection',
  'proxy-connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  'content-length',
])

/** The properties of a request with these headers. */
export function propertiesOf(headers: IncomingHttpHeaders): Properties {
  // Whatever this one names is of the connection, too.
  const named = (headers.connection ?? '').toLowerCase().split(/[\s,]+/)
  const properties = new Map<string, string>()
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || LEFT_OUT.has(name) || named.includes(name)) continue
    properties.set(name, typeof value === 'string' ? value : value.join(', '))
  }
  return properties
}
