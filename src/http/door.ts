/**
 * What waits while the node is full. A refusal over HTTP costs about as much as an answer, so a flood could keep the
 * node busy with refusing. Instead a request that finds the node full waits, and its connection is not read meanwhile: what
 * its client sends next stays in the network, and holds up the client. As answers leave, those who wait go in, in their
 * order. Nobody waits long: after `patienceMs` a request goes in all the same, and is refused if the node is still full. Only
 * so many are refused at a time: where there are more than can be answered within their patience, they wait longer, since
 * a node that does nothing but refuse serves nobody.
 */
import { Fifo } from '../parts/fifo.ts'
import type { Connection } from './connection.ts'

/** How often it looks for those whose patience is over, while there are any, and how many of them go in each time. */
const LOOK_MS = 10
const HURRIED = 32

interface Waiting {
  readonly connection: Connection
  readonly untilMs: number
}

/** See the file's head. One per server. */
export class Door {
  readonly #isFull: () => boolean
  readonly #patienceMs: number
  readonly #waiting = new Fifo<Waiting>()
  #timer: NodeJS.Timeout | null = null
  /** How many may go in although the node may be full; below 0 when one connection had more of them. */
  #allowance = HURRIED

  /** @param isFull whether a request would be refused for overload now */
  constructor(isFull: () => boolean, patienceMs: number) {
    this.#isFull = isFull
    this.#patienceMs = patienceMs
  }

  /** Whether a request of this connection goes in now. */
  isOpen(connection: Connection): boolean {
    if (this.#isFull()) return connection.hurried
    return connection.awake || this.#waiting.size === 0
  }

  /** Lets a request wait: `enter` is called when it goes in, unless its client goes away before. */
  wait(connection: Connection, enter: () => void): void {
    connection.rest(enter)
    this.#waiting.push({ connection, untilMs: performance.now() + this.#patienceMs })
    this.#timer ??= this.#later(this.#patienceMs)
  }

  /** Lets in as many as there is room for: called when a request has been answered. */
  admit(): void {
    while (this.#waiting.size > 0 && !this.#isFull()) this.#waiting.shift()!.connection.wake(false)
  }

  /** Those whose patience is over go in whatever there is room for. */
  #look(): void {
    const now = performance.now()
    this.#allowance = Math.min(HURRIED, this.#allowance + HURRIED)
    let next = this.#waiting.peek()
    for (; next && next.untilMs <= now && this.#allowance > 0; next = this.#waiting.peek()) {
      this.#allowance -= next.connection.unhandled
      this.#waiting.shift()
      next.connection.wake(true)
    }
    this.#timer = next ? this.#later(Math.max(LOOK_MS, next.untilMs - now)) : null
  }

  #later(delayMs: number): NodeJS.Timeout {
    return setTimeout(() => this.#look(), delayMs).unref()
  }
}
