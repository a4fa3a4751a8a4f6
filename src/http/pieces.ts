/**
 * Long answers that are made while they are taken: one piece, then a turn of the event loop for everything else. Made in one
 * go, they would keep the node from its heartbeats.
 */
import type { ServerResponse } from 'node:http'

/** Writes pieces of one byte per character, and ends the answer; where its client has gone, no more of them are made. */
export function writePieces(response: ServerResponse, pieces: Iterator<string, void>): void {
  const next = (): void => {
    // Answers that wait behind others are not told when their connection dies.
    if (response.destroyed || response.req.socket.destroyed) return
    const piece = pieces.next()
    if (piece.done) response.end()
    else if (response.write(piece.value, 'latin1')) setImmediate(next)
    else response.once('drain', () => setImmediate(next))
  }
  next()
}
