/** Answers bytes that are no HTTP request, and requests that are too slow; the connection ends in each case. */
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { Connection } from './connection.ts'

/** How long a client may go on sending before its refusal is taken for read. */
const LINGER_MS = 500

/** Status and sentence per code of Node's parser; everything else is a 400. */
const ANSWERS: ReadonlyMap<string, readonly [status: number, sentence: string]> = new Map([
  ['HPE_HEADER_OVERFLOW', [431, 'the headers are too long']],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', [413, 'the chunk extensions are too long']],
  ['ERR_HTTP_REQUEST_TIMEOUT', [408, 'the request took too long to arrive']],
])

/** Node's `clientError` event: refuses what arrived and ends the connection. */
export function onClientError(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const [status, sentence] = ANSWERS.get(error.code ?? '') ?? [400, 'this is no HTTP request']
  endWith(socket, status, sentence)
}

/**
 * Writes a last answer past Node's, and ends the connection. Where an earlier request of the connection is still owed its
 * answer, nothing is written, since the client would take a refusal for that answer.
 */
export function endWith(socket: Duplex, status: number, sentence: string, headers = ''): void {
  if (socket.writableEnded || socket.destroyed) return
  if (!Connection.of(socket).refusable) {
    socket.destroy()
    return
  }
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${headers}Content-Type: text/plain; charset=utf-8\r\n` +
      `X-Content-Type-Options: nosniff\r\nConnection: close\r\nContent-Length: ${sentence.length + 1}\r\n\r\n${sentence}\n`,
  )
  const timer = setTimeout(() => socket.destroy(), LINGER_MS)
  socket.once('close', () => clearTimeout(timer))
}
