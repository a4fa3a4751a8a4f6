/**
 * Requests on their way to the replica. Each has an event in the inbox; but where the node takes none for a while, since its
 * disk is behind, those that were answered at their deadline are not kept until then, however many follow each other.
 */
import { Fifo } from './parts/fifo.ts'
import type { Request } from './request.ts'

/** See the file's head. */
export class Arrivals {
  readonly #requests = new Fifo<Request>()
  /** Events whose requests are not kept any more: the next requests have them. */
  #spare = 0

  /** Adds a request; true when it needs an event. */
  add(request: Request): boolean {
    this.#requests.push(request)
    if (this.#spare === 0) return true
    this.#spare -= 1
    return false
  }

  /** Takes the next one at its event; undefined when it is not kept any more. */
  take(): Request | undefined {
    const request = this.#requests.shift()
    if (!request) this.#spare -= 1
    return request
  }

  /** Drops the first ones as far as they are answered. */
  prune(): void {
    while (this.#requests.peek()?.state === 'answered') {
      this.#requests.shift()
      this.#spare += 1
    }
  }
}
