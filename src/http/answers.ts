/**
 * How much room answers take together, from when their requests go in until their clients have taken them. A request of 30
 * bytes can ask for a mebibyte, so a client that asks for a thousand at once, or takes nothing of what it asked for, would
 * fill the node's memory. Beyond the bound a request that may have a large answer is refused before it is done.
 */
import type { ServerResponse } from 'node:http'
import { Connection } from './connection.ts'

/** Answers up to this size are not counted: a connection has only so many of them (`backlog.ts`). */
const SMALL = 1024

/** See the file's head. One per server. */
export class Answers {
  readonly #limit: number
  #bytes = 0

  /** @param limit how many bytes those that are counted may have together */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Whether there is room for an answer of so many bytes. One finds room always: nothing is too long to be told. */
  hasRoom(bytes: number): boolean {
    return bytes <= SMALL || this.#bytes === 0 || this.#bytes + bytes <= this.#limit
  }

  /** Why there is none. */
  get reason(): string {
    return `answers that are not yet taken would have more than ${this.#limit} bytes`
  }

  /** Counts an answer that is expected to have so many bytes, until `give` or `forget`. */
  expect(connection: Connection, bytes: number): void {
    if (bytes > SMALL && connection.owe(bytes)) this.#bytes += bytes
  }

  /** It is given up. */
  forget(connection: Connection, bytes: number): void {
    if (bytes <= SMALL || connection.isForgiven) return
    this.#bytes -= bytes
    connection.pay(bytes)
  }

  /** It is given, and has so many bytes: they count until its client has taken them. */
  give(response: ServerResponse, bytes: number): void {
    if (bytes <= SMALL) return
    const connection = Connection.of(response.req.socket)
    this.expect(connection, bytes)
    response.once('close', () => this.forget(connection, bytes))
  }

  /** A connection has gone: answers that waited behind others are not told of it. */
  remove(connection: Connection): void {
    this.#bytes -= connection.forgive()
  }
}
