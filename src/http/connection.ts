/**
 * The requests of one connection. Those still owed an answer: when bytes stop being HTTP, a 400 must not be taken for
 * the answer of an earlier request, which may well have been applied. And the one whose body is arriving: pipelined
 * requests behind it wait, so that they reach the node in the order in which they were sent.
 */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

const STATE = Symbol('connection')

interface Tracked {
  [STATE]?: Connection
}

/** The requests of one connection. */
export class Connection {
  /** Requests begun and not answered. */
  #owed = 0
  #last: IncomingMessage | null = null
  #reading = false
  #ended = false
  readonly #waiting: (() => void)[] = []

  /** The connection that `socket` carries. */
  static of(socket: Duplex): Connection {
    return ((socket as Tracked)[STATE] ??= new Connection())
  }

  /** Counts a request whose headers have arrived. */
  begin(request: IncomingMessage): void {
    this.#owed += 1
    this.#last = request
  }

  /** No request behind the last one is handled: where one ends and the next begins is no longer sure. */
  end(): void {
    this.#ended = true
    this.#waiting.length = 0
  }

  /** Calls `next` once no earlier request's body is arriving, mostly at once; never on an ended connection. */
  inTurn(next: () => void): void {
    if (this.#ended) return
    if (this.#reading) this.#waiting.push(next)
    else next()
  }

  /** The last request's body begins to be read. */
  beginBody(): void {
    this.#reading = true
  }

  /** That body was read and its request handled: those behind it go on. */
  endBody(): void {
    this.#reading = false
    while (!this.#reading && this.#waiting.length > 0) this.#waiting.shift()?.()
  }

  /** Counts an answer. */
  answered(): void {
    this.#owed -= 1
    if (this.#owed === 0) this.#last = null
  }

  /** Whether an answer written now would be that of the last request, and that request has not arrived in full. */
  get refusable(): boolean {
    return this.#owed === 0 || (this.#owed === 1 && this.#last?.complete === false)
  }
}
