/**
 * How much all connections together are read between two turns of the node. Each may have many requests in its buffers;
 * were all read at once, the node's peers, its timers and its heartbeats would wait until the last one is taken in.
 *
 * The event loop reads sockets in an order of its own, so where there are more requests than one round takes, connections
 * go by laps: who was read is not read again before the others were, or had nothing. Those that bring few requests, such as
 * new ones, are not to wait for the many of the others: they have laps of their own, and every other round.
 */
import type { Connection } from './connection.ts'

/** Requests after which no connection is read until the node has had its turn. */
const REQUESTS = 512

/** How many requests are few. */
const FEW = 4

/** What is known of one connection: the round in which it was read last, and how many requests that brought. */
interface Share {
  round: number
  count: number
}

/** Connections that go by the same laps. */
class Lane {
  /** The round in which its lap began. */
  begun = 0
  /** Whether its last round was full: then some of it may not have been read. */
  isFull = false
  readonly has: (share: Share) => boolean

  constructor(has: (share: Share) => boolean) {
    this.has = has
  }
}

/** See the file's head. One per server. */
export class Intake {
  readonly #shares = new Map<Connection, Share>()
  readonly #light = new Lane(({ count }) => count <= FEW)
  readonly #heavy = new Lane(({ count }) => count > FEW)
  /** The lane whose round it is; null where all are read. */
  #lane: Lane | null = null
  #round = 0
  #begun = 0
  /** The connection that was read last, and its share: requests come in batches. */
  #latest: Connection | null = null
  #share: Share | undefined

  /** A new one; Node itself begins to read it behind the present event. */
  add(connection: Connection): void {
    this.#shares.set(connection, { round: -1, count: 0 })
    if (!this.#isOpen) process.nextTick(() => this.#isOpen || connection.pause())
  }

  remove(connection: Connection): void {
    this.#shares.delete(connection)
  }

  /** Counts a request that was read. */
  begin(connection: Connection): void {
    if (this.#begun === 0 && !this.#lane) this.#look()
    this.#begun += 1
    if (connection !== this.#latest) this.#turnTo(connection)
    if (this.#share) this.#share.count += 1
    if (this.#begun === REQUESTS) for (const one of this.#shares.keys()) one.pause()
  }

  #turnTo(connection: Connection): void {
    this.#latest = connection
    this.#share = this.#shares.get(connection)
    if (!this.#share || this.#share.round === this.#round) return
    this.#share.round = this.#round
    this.#share.count = 0
  }

  /** Whether new connections may be read. */
  get #isOpen(): boolean {
    return !this.#lane && this.#begun < REQUESTS
  }

  /** Ends a round once the event loop has looked at all sockets. */
  #look(): void {
    setImmediate(() => this.#end())
  }

  #end(): void {
    const isFull = this.#begun >= REQUESTS
    this.#begun = 0
    this.#latest = null
    this.#round += 1
    if (this.#lane) this.#endLap(this.#lane, isFull)
    else if (isFull) this.#read(this.#light)
  }

  /** All of a lane were read, or had nothing, unless its round was full. The other lane has the next one. */
  #endLap(lane: Lane, isFull: boolean): void {
    lane.isFull = isFull
    if (!isFull) lane.begun = this.#round
    if (lane === this.#light) this.#read(this.#heavy)
    else if (isFull || this.#light.isFull) this.#read(this.#light)
    else {
      this.#lane = null
      for (const connection of this.#shares.keys()) connection.unpause()
    }
  }

  /** Lets those of a lane be read that were not in its lap. */
  #read(lane: Lane): void {
    this.#lane = lane
    let any = false
    for (const [connection, share] of this.#shares) {
      if (share.round >= lane.begun || !lane.has(share)) continue
      connection.unpause()
      any = true
    }
    if (any) this.#look()
    else this.#endLap(lane, false)
  }
}
