/**
 * How much all connections together are read between two turns of the node. Each may have many requests in its buffers;
 * were all read at once, the node's peers, its timers and its heartbeats would wait until the last one is taken in.
 *
 * The event loop reads sockets in an order of its own, so where there are more requests than one round takes, connections
 * go by laps: who was read is not read again before all others were, or had nothing. Those that brought nothing for a
 * lap, such as new ones, are not to wait for the many requests of the others, and are read first, every other round.
 */
import type { Connection } from './connection.ts'

/** Requests after which no connection is read until the node has had its turn. */
const REQUESTS = 512

/** Who may be read: all; the quiet ones; those of the others that the lap has not come to. */
type Stage = 'all' | 'quiet' | 'lap'

/** See the file's head. One per server. */
export class Intake {
  /** Each with the last lap in which it was read. */
  readonly #connections = new Map<Connection, number>()
  #stage: Stage = 'all'
  #lap = 1
  #begun = 0
  /** The connection that was read last: requests come in batches. */
  #latest: Connection | null = null

  /** A new one; Node itself begins to read it behind the present event. */
  add(connection: Connection): void {
    this.#connections.set(connection, Number.NEGATIVE_INFINITY)
    if (!this.#isOpen) process.nextTick(() => this.#isOpen || connection.pause())
  }

  remove(connection: Connection): void {
    this.#connections.delete(connection)
    if (this.#latest === connection) this.#latest = null
  }

  /** Counts a request that was read. */
  begin(connection: Connection): void {
    if (this.#begun === 0 && this.#stage === 'all') this.#look()
    this.#begun += 1
    if (connection !== this.#latest) {
      this.#latest = connection
      if (this.#connections.has(connection)) this.#connections.set(connection, this.#lap)
    }
    if (this.#begun === REQUESTS) for (const one of this.#connections.keys()) one.pause()
  }

  /** Whether new connections may be read. */
  get #isOpen(): boolean {
    return this.#stage === 'all' && this.#begun < REQUESTS
  }

  /** Ends a round once the event loop has looked at all sockets. */
  #look(): void {
    setImmediate(() => this.#end())
  }

  #end(): void {
    const isFull = this.#begun >= REQUESTS
    this.#begun = 0
    this.#latest = null
    if (this.#stage === 'quiet') this.#readLap()
    else if (isFull) this.#readQuiet()
    else this.#readAll()
  }

  /** A lap ends: all that it had not come to were read, or had nothing. */
  #readAll(): void {
    this.#lap += 1
    if (this.#stage === 'all') return
    this.#stage = 'all'
    this.#unpause(() => true)
  }

  #readQuiet(): void {
    this.#stage = 'quiet'
    if (this.#unpause((lap) => this.#isQuiet(lap))) this.#look()
    else this.#readLap()
  }

  #readLap(): void {
    this.#stage = 'lap'
    // Quiet ones that their round has not come to wait for their next one: there might be new ones without end.
    if (this.#unpause((lap) => lap < this.#lap && !this.#isQuiet(lap))) this.#look()
    else this.#readAll()
  }

  #isQuiet(lap: number): boolean {
    return lap < this.#lap - 1
  }

  /** Lets those be read whose last lap is one of these; false when there are none. */
  #unpause(isOne: (lap: number) => boolean): boolean {
    let any = false
    for (const [connection, lap] of this.#connections) {
      if (!isOne(lap)) continue
      connection.unpause()
      any = true
    }
    return any
  }
}
