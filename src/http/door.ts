/**
 * What waits while the node is full. A refusal over HTTP costs about as much as an answer, so a flood could keep the
 * node busy with refusing. Instead a request that finds the node full waits, and its connection is not read meanwhile: what
 * its client sends next stays in the network, and holds up the client. As answers leave, those who wait go in, in their
 * order. A connection that has had its turn while others wait goes to the end of the line unread: what waits in the network
 * costs nothing, and comes in one batch, whereas requests that were read and wait are memory that the collector copies.
 *
 * Nobody waits long: after `patienceMs` a request goes in all the same, and is refused if the node is still full. Only
 * so many are refused at a time: where there are more than can be answered within their patience, they wait longer, since
 * a node that does nothing but refuse serves nobody.
 */
import { Fifo } from '../parts/fifo.ts'
import type { Connection } from './connection.ts'

/** How often it looks for those whose patience is over, while there are any, and how many of them go in each time. */
const LOOK_MS = 10
const HURRIED = 32

/** The room kept for a connection that is being read: how many requests it will bring is not known before. */
const BATCH = 16

interface Waiting {
  readonly connection: Connection
  readonly untilMs: number
}

/** See the file's head. One per server. */
export class Door {
  readonly #room: () => number
  readonly #patienceMs: number
  readonly #waiting = new Fifo<Waiting>()
  #timer: NodeJS.Timeout | null = null
  /** How many may go in although the node may be full; below 0 when one connection had more of them. */
  #allowance = HURRIED
  /** The room kept for all connections that are being read now. */
  #kept = 0

  /** @param room how many requests would not be refused for overload now */
  constructor(room: () => number, patienceMs: number) {
    this.#room = room
    this.#patienceMs = patienceMs
  }

  /** Whether a request of this connection goes in now. */
  isOpen(connection: Connection): boolean {
    if (this.#room() > 0) return connection.awake || this.#waiting.size === 0
    if (connection.hurried && connection.called) this.#allowance -= 1
    return connection.hurried
  }

  /** Lets a request wait: `enter` is called when it goes in, unless its client goes away before. */
  wait(connection: Connection, enter: () => void): void {
    connection.rest(enter, this)
    this.#queue(connection)
  }

  /** Puts a connection, of which nothing that was read waits, behind those that wait; false when there are none. */
  lineUp(connection: Connection): boolean {
    if (this.#waiting.size === 0) return false
    this.#queue(connection)
    return true
  }

  /** Lets in as many as there is room for: called when a request has been answered. */
  admit(): void {
    for (let next = this.#waiting.peek(); next; next = this.#waiting.peek()) {
      const room = this.#room() - this.#kept
      // Where there is never room for a batch they are read one by one.
      if (room <= 0 || (room < BATCH && this.#kept > 0)) return
      this.#waiting.shift()
      this.#wake(next.connection, false)
    }
  }

  #queue(connection: Connection): void {
    if (connection.inLine) return
    connection.inLine = true
    this.#waiting.push({ connection, untilMs: performance.now() + this.#patienceMs })
    this.#timer ??= this.#later(this.#patienceMs)
  }

  #wake(connection: Connection, hurried: boolean): void {
    connection.inLine = false
    if (connection.unhandled > 0) connection.wake(hurried)
    else this.#call(connection, hurried)
  }

  /** Reads a connection, once: what there is of it is here after the next look of the event loop at its sockets. */
  #call(connection: Connection, hurried: boolean): void {
    this.#kept += BATCH
    connection.call(hurried)
    const end = (): void => {
      this.#kept -= BATCH
      connection.endCall()
      this.admit()
    }
    setImmediate(() => setImmediate(end))
  }

  /** Those whose patience is over go in whatever there is room for. */
  #look(): void {
    const now = performance.now()
    this.#allowance = Math.min(HURRIED, this.#allowance + HURRIED)
    let next = this.#waiting.peek()
    for (; next && next.untilMs <= now && this.#allowance > 0; next = this.#waiting.peek()) {
      // Of a connection that was not read yet, what it brings is counted as it comes.
      this.#allowance -= Math.max(1, next.connection.unhandled)
      this.#waiting.shift()
      this.#wake(next.connection, true)
    }
    this.#timer = next ? this.#later(Math.max(LOOK_MS, next.untilMs - now)) : null
  }

  #later(delayMs: number): NodeJS.Timeout {
    return setTimeout(() => this.#look(), delayMs).unref()
  }
}
