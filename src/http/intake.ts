/**
 * How much all connections together are read between two turns of the node. Each may have many requests in its buffers;
 * were all read at once, the node's peers, its timers and its heartbeats would wait until the last one is taken in.
 */
import type { Connection } from './connection.ts'

/** Requests after which no connection is read until the node has had its turn. */
const REQUESTS = 512

/** See the file's head. One per server. */
export class Intake {
  readonly #connections = new Set<Connection>()
  #begun = 0

  add(connection: Connection): void {
    this.#connections.add(connection)
    if (this.#begun >= REQUESTS) connection.pause()
  }

  remove(connection: Connection): void {
    this.#connections.delete(connection)
  }

  /** Counts a request that was read. */
  begin(): void {
    if (this.#begun === 0) setImmediate(() => this.#resume())
    this.#begun += 1
    if (this.#begun === REQUESTS) for (const connection of this.#connections) connection.pause()
  }

  #resume(): void {
    const wasPaused = this.#begun >= REQUESTS
    this.#begun = 0
    if (wasPaused) for (const connection of this.#connections) connection.unpause()
  }
}
