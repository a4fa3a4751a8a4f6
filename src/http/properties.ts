/**
 * What a protocol that asks for it is told of a request besides the command: the headers with which it came, but for those
 * of the sender's name and number, and those of the connection and the body, which are no business of the request.
 */
import type { IncomingMessage } from 'node:http'
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

/** The properties of a request. Of what is repeated Node itself may keep only the first, and of `__proto__` nothing. */
export function propertiesOf({ headers, rawHeaders }: IncomingMessage): Properties {
  // Whatever this one names is of the connection, too.
  const named = (headers.connection ?? '').toLowerCase().split(/[\s,]+/)
  const properties = new Map<string, string>()
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase()
    const value = rawHeaders[i + 1]!
    if (LEFT_OUT.has(name) || named.includes(name)) continue
    const before = properties.get(name)
    properties.set(name, before === undefined ? value : `${before}${name === 'cookie' ? '; ' : ', '}${value}`)
  }
  return properties
}
