/**
 * Looks at what a request looked like on the wire, before anything acts on it. Node and Fastify let several forms
 * through that proxies and servers read differently: each of those is refused here.
 */
import type { IncomingMessage } from 'node:http'

/** A refusal of a request by its form. */
export interface Violation {
  readonly status: 400 | 431
  readonly reason: string
  /** Whether the connection's framing can no longer be trusted. */
  readonly close: boolean
}

/** What a request's own headers say about its sender; echoed in the answer. */
export interface Identity {
  clientId: string
  commandId: string
}

const MAX_HEADERS = 100
const MAX_CLIENT_ID = 256
/** A fragment, which no request has, or an escape in a path but a text key's: it would be a second spelling of a route. */
const STRANGE = /#|^(?!\/kv\/)[^?]*%/
const COMMAND_ID = /^(?:0|[1-9][0-9]{0,15})$/
/** RFC 9110, §5.6.1 and §5.6.3: a list, with spaces and tabs around what is in it. */
const CLOSE = /(?:^|,)[ \t]*close[ \t]*(?:,|$)/i

const refuse = (reason: string, close = false): Violation => ({ status: 400, reason, close })

const VERSION = refuse('only HTTP/1.0 and HTTP/1.1 are spoken here', true)
const HOST = refuse('exactly one Host is needed', true)
const ENCODING = refuse('chunked is the only transfer encoding', true)
const CROWD: Violation = { status: 431, reason: `more than ${MAX_HEADERS} headers`, close: true }
const TARGET = refuse('invalid path')
const CLIENT_ID = refuse(`Id is given twice or longer than ${MAX_CLIENT_ID} bytes`)
const COMMAND = refuse('Cid is given twice or no integer from 0 to 2^53')

/** Whether `text` is an integer in [0, 2^53] in plain decimal form. */
export function isCommandId(text: string): boolean {
  return COMMAND_ID.test(text) && (Number(text) < 2 ** 53 || text === '9007199254740992')
}

/** Whether `text`, one character per byte, can be a client's id and go back in a header. */
export function isClientId(text: string): boolean {
  return text.length <= MAX_CLIENT_ID
}

/** Whether a request is the last of its connection, by its own word. Node's parser takes no `close` with a tab behind it. */
export function asksToClose({ headers: { connection } }: IncomingMessage): boolean {
  return connection !== undefined && CLOSE.test(connection)
}

/**
 * Reads a request's identity into `identity`.
 * @returns what is wrong with the request, or null
 */
export function inspect(request: IncomingMessage, identity: Identity): Violation | null {
  const headers = request.rawHeaders
  if (headers.length > 2 * MAX_HEADERS) return CROWD
  if (request.httpVersionMajor !== 1) return VERSION
  let hosts = 0
  let encodings = 0
  let clientIds = 0
  let commandIds = 0
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!
    // Lengths first: names are compared only where one of ours is likely.
    if (name.length === 4) {
      if (name.toLowerCase() === 'host') hosts++
    } else if (name.length === 2) {
      if (name.toLowerCase() === 'id' && ++clientIds) identity.clientId = headers[i + 1]!
    } else if (name.length === 3) {
      if (name.toLowerCase() === 'cid' && ++commandIds) identity.commandId = headers[i + 1]!
    } else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') {
      if (headers[i + 1]!.toLowerCase() !== 'chunked' || ++encodings > 1 || request.httpVersionMinor === 0)
        return ENCODING
    }
  }
  if (hosts !== 1 && (hosts > 1 || request.httpVersionMinor === 1)) return HOST
  const target = request.url!
  if (target.charCodeAt(0) !== 0x2f || STRANGE.test(target)) return TARGET
  if (clientIds > 1 || (clientIds === 1 && !isClientId(identity.clientId))) return CLIENT_ID
  if (commandIds > 1 || (commandIds === 1 && !isCommandId(identity.commandId))) return COMMAND
  return null
}
