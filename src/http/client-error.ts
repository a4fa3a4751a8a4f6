/** Answers bytes that are no HTTP request, and requests that are too slow; the connection ends in each case. */
import { METHODS, type Server, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { Connection } from './connection.ts'
import { methodsOfKey } from './routes/unknown.ts'

/** How long a client may go on sending before its refusal is taken for read. */
const LINGER_MS = 500

const TIMEOUT = 'ERR_HTTP_REQUEST_TIMEOUT'

/** Status and sentence per code of Node's parser; everything else is a 400. */
const ANSWERS: ReadonlyMap<string, readonly [status: number, sentence: string]> = new Map([
  ['HPE_HEADER_OVERFLOW', [431, 'the headers are too long']],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', [413, 'the chunk extensions are too long']],
])

/** The first line of a request, with whatever method. */
const FIRST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\/[!-~]*) HTTP\/1\.[01]\r\n/

/** How often one looks whether a connection is read again. */
const LOOK_MS = 10

/** What Node's parser throws. */
export interface ParserError extends Error {
  readonly code?: string
  /** The bytes in which it found the error. */
  readonly rawPacket?: unknown
}

/** Node's `clientError` event where keys are served: refuses what arrived and ends the connection. */
export function onClientError(this: FastifyInstance, error: ParserError, socket: Socket): void {
  const allow = allowed(error)
  if (allow === undefined) refuseBytes.call(this, error, socket)
  else endWith(socket, 405, `only ${allow} here`, `Allow: ${allow}\r\n`)
}

/** The same where no keys are served. */
export function refuseBytes(this: FastifyInstance, error: ParserError, socket: Socket): void {
  if (error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  if (error.code === TIMEOUT) {
    refuseLate(this.server, socket)
    return
  }
  const [status, sentence] = ANSWERS.get(error.code ?? '') ?? [400, 'this is no HTTP request']
  endWith(socket, status, sentence)
}

/**
 * Writes a last answer past Node's, and ends the connection: for what has not arrived as a whole, and is never handled.
 * The requests before it get their answers first; where the last one has one of its own, nothing more is written.
 */
export function endWith(socket: Duplex, status: number, sentence: string, headers = ''): void {
  const refusing = Connection.of(socket).refuse()
  if (!refusing) return
  const { told, after } = refusing
  const leave = () => {
    if (socket.writableEnded || socket.destroyed) return
    socket.end(told ? format(status, sentence, headers) : '')
    const timer = setTimeout(() => socket.destroy(), LINGER_MS)
    socket.once('close', () => clearTimeout(timer))
  }
  if (after && !after.writableFinished) after.once('finish', leave)
  else leave()
}

/**
 * Refuses a request that was too slow, unless the rest of it is here and was only not read: where the process has stood
 * still, or was busy, timers ring before the event loop looks at its sockets again. Where others had their turn it waits
 * until this connection has had its own; if there was more of the request, though not all, its time begins anew, once.
 */
function refuseLate(server: Server, socket: Socket, isAnew = false): void {
  const connection = Connection.of(socket)
  const { isHeld, last } = connection
  const number = connection.begun + Number(last === null || last.req.complete)
  const { bytesRead } = socket
  let { stopped, stops } = connection
  let hasWaited = stopped
  const look = () => {
    if (socket.destroyed || connection.hasWhole(number)) return
    if (isHeld || connection.isHeld) {
      // Not the client was slow: the rest was not read for what waits here.
      endWith(socket, 503, 'too many requests wait here', 'Retry-After: 1\r\n')
    } else if (stopped || connection.stops !== stops) {
      // It was not read all the time since the last look.
      hasWaited = true
      ;({ stopped, stops } = connection)
      setTimeout(look, LOOK_MS)
    } else if (hasWaited && !isAnew && socket.bytesRead > bytesRead) {
      const timeMs = connection.begun < number ? server.headersTimeout : server.requestTimeout
      const again = () => connection.hasWhole(number) || refuseLate(server, socket, true)
      const timer = setTimeout(again, timeMs).unref()
      socket.once('close', () => clearTimeout(timer))
    } else endWith(socket, 408, 'the request took too long to arrive')
  }
  setImmediate(() => setImmediate(look))
}

/** The methods of a key that was asked for by a method which the parser does not know; undefined for everything else. */
function allowed({ code, rawPacket }: ParserError): string | undefined {
  if (code !== 'HPE_INVALID_METHOD' || !(rawPacket instanceof Buffer)) return undefined
  const [, method = '', target = ''] = FIRST_LINE.exec(rawPacket.toString('latin1')) ?? []
  // Else it is a later request that is meant.
  return METHODS.includes(method) ? undefined : methodsOfKey(target)
}

function format(status: number, sentence: string, headers: string): string {
  return (
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${headers}Content-Type: text/plain; charset=utf-8\r\n` +
    `X-Content-Type-Options: nosniff\r\nConnection: close\r\nContent-Length: ${sentence.length + 1}\r\n\r\n${sentence}\n`
  )
}
