/** Reads a request's body up to a limit. Fastify's own reader would refuse types such as Paxi's `json`. */
import type { IncomingMessage } from 'node:http'
import { Connection } from './connection.ts'

/** How many bytes the request declares; undefined for chunks, and where there is no body. */
export function declaredBytes(request: IncomingMessage): number | undefined {
  const declared = request.headers['content-length']
  return declared === undefined ? undefined : Number(declared)
}

/** Whether the request has a body, which may not have arrived. */
export function declaresBody(request: IncomingMessage): boolean {
  return request.headers['transfer-encoding'] !== undefined || declaresMore(request, 0)
}

/** Whether the request declares more than `limit` bytes. */
export function declaresMore(request: IncomingMessage, limit: number): boolean {
  return (declaredBytes(request) ?? 0) > limit
}

/** A copy where `chunk` is a view on a larger buffer, which a kept value would keep alive. */
function owned(chunk: Buffer): Uint8Array {
  return chunk.length === chunk.buffer.byteLength ? chunk : Buffer.from(chunk)
}

/**
 * Calls `done` with the whole body, or with null as soon as more than `limit` bytes of it have arrived.
 * A body that ends early (the client went away) calls nothing. Pipelined requests wait for its end.
 */
export function readBody(request: IncomingMessage, limit: number, done: (body: Uint8Array | null) => void): void {
  if (request.complete) {
    // It has had to wait behind others, and is here as a whole: what is read at once costs no turn of the event loop.
    const body = (request.read() as Buffer | null) ?? Buffer.alloc(0)
    done(body.length <= limit ? owned(body) : null)
    return
  }
  const connection = Connection.of(request.socket)
  connection.beginBody(request)
  const chunks: Buffer[] = []
  let length = 0
  const onData = (chunk: Buffer): void => {
    length += chunk.length
    if (length <= limit) {
      chunks.push(chunk)
      return
    }
    request.off('data', onData)
    request.off('end', onEnd)
    done(null)
  }
  const onEnd = (): void => {
    const [first] = chunks
    const body = chunks.length === 1 && first ? owned(first) : Buffer.concat(chunks, length)
    // The request lives until it is answered, and must not keep them.
    chunks.length = 0
    // Its client may send the rest behind its refusal, and has been told that nothing was done.
    if (!connection.hasRefused(request)) done(body)
    connection.endBody()
  }
  request.on('data', onData)
  request.on('end', onEnd)
}
