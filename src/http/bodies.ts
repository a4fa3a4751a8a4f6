/**
 * How much room the bodies of open requests may take together, from their first byte to their answer: a thousand of the
 * longest are a gibibyte, which a node without a quorum would keep until their deadline.
 */
import type { IncomingMessage } from 'node:http'

/** Bodies up to this size are not counted while they arrive: a connection has but one of them. */
const SMALL = 4096

/** See the file's head. One per server. */
export class Bodies {
  readonly #limit: number
  #bytes = 0

  /** @param limit how many bytes there may be */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Keeps room for a body of at most so many bytes while it arrives; false when there is none. */
  expect(request: IncomingMessage, bytes: number): boolean {
    if (bytes <= SMALL || request.complete) return true
    if (this.#bytes + bytes > this.#limit) return false
    this.add(bytes)
    // It has been read, or its client has gone away; one whose answer did not wait for it is told by its socket alone.
    const { socket } = request
    const gone = () => {
      request.off('close', gone)
      socket.off('close', gone)
      this.remove(bytes)
    }
    request.on('close', gone)
    socket.on('close', gone)
    return true
  }

  /** Counts a body that has arrived. */
  add(bytes: number): void {
    this.#bytes += bytes
  }

  /** Its request was answered. */
  remove(bytes: number): void {
    this.#bytes -= bytes
  }
}
