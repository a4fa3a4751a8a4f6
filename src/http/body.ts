/** Reads a request's body up to a limit. Fastify's own reader would refuse types such as Paxi's `json`. */
import type { IncomingMessage } from 'node:http'
import { Arrival, owned } from './arrival.ts'
import type { Bodies, Overflow } from './bodies.ts'
import { Connection } from './connection.ts'

/** How many bytes the request declares; undefined for chunks, and where there is no body. */
function declaredBytes(request: IncomingMessage): number | undefined {
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

/**
 * Calls `done` with the whole body; or, as soon as that is known, with why it is refused: it is longer, or declares to be,
 * than a body may be, or than there is room for. What of it is here is then dropped, and what still comes is not read.
 * A body that ends early (the client went away) calls nothing. Pipelined requests wait for its end.
 */
export function readBody(request: IncomingMessage, bodies: Bodies, done: (body: Uint8Array | Overflow) => void): void {
  const declared = declaredBytes(request)
  const overflow = bodies.refusal(declared ?? 0)
  if (overflow) done(overflow)
  // It has had to wait behind others, and is here as a whole: what is read at once costs no turn of the event loop.
  else if (request.complete) done(readAtOnce(request, bodies))
  else readAsItComes(request, new Arrival(bodies, declared), done)
}

function readAtOnce(request: IncomingMessage, bodies: Bodies): Uint8Array | Overflow {
  const body = (request.read() as Buffer | null) ?? Buffer.alloc(0)
  return bodies.refusal(body.length) ?? owned(body)
}

function readAsItComes(request: IncomingMessage, arrival: Arrival, done: (body: Uint8Array | Overflow) => void): void {
  const { socket } = request
  const connection = Connection.of(socket)
  connection.beginBody(request)
  let watched = false
  const drop = (): void => arrival.drop()
  const unwatch = (): void => {
    if (watched) socket.off('close', drop)
  }
  const onData = (chunk: Buffer): void => {
    // Its client may send the rest behind its refusal, and has been told that nothing was done.
    if (connection.hasRefused(request)) {
      drop()
      return
    }
    const overflow = arrival.add(chunk)
    if (overflow) {
      request.off('data', onData)
      request.off('end', onEnd)
      unwatch()
      drop()
      done(overflow)
    } else if (arrival.isCounted && !watched) {
      watched = true
      // Its client has gone away, perhaps after its refusal.
      socket.on('close', drop)
    }
  }
  const onEnd = (): void => {
    unwatch()
    const body = arrival.take()
    if (!connection.hasRefused(request)) done(body)
    connection.endBody()
  }
  request.on('data', onData)
  request.on('end', onEnd)
}
