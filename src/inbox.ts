/**
 * What a node has to do: events in the order they came, but heartbeats before timers, and both before all others. A node
 * that was held up finds heartbeats waiting when its timers ring, and must not take their senders for silent.
 */
import { Fifo } from './parts/fifo.ts'

/** How many events one turn handles. */
export const TURN_EVENTS = 1024

export class Inbox {
  /** How many events waited at most in one queue, and how many found theirs full. */
  peak = 0
  dropped = 0
  /** How many events were taken. */
  handled = 0
  /** How many bytes the messages have that wait, but for heartbeats. */
  bytes = 0
  readonly #bound: number
  readonly #mostBytes: number
  readonly #heartbeats = new Fifo<() => void>()
  readonly #timers = new Fifo<() => void>()
  readonly #others = new Fifo<() => void>()

  /** @param bound how many events a queue takes by `offer`; `mostBytes` how many bytes of messages, but for heartbeats */
  constructor(bound: number, mostBytes: number) {
    this.#bound = bound
    this.#mostBytes = mostBytes
  }

  get size(): number {
    return this.#heartbeats.size + this.#timers.size + this.#others.size
  }

  /** Adds an event of the node's own: a timer that rings, or another. */
  push(event: () => void, timer: boolean): void {
    this.#add(timer ? this.#timers : this.#others, event)
  }

  /** Adds a message of so many bytes unless its queue is full; so a flood of others keeps no heartbeat out. */
  offer(event: () => void, heartbeat: boolean, bytes: number): boolean {
    const queue = heartbeat ? this.#heartbeats : this.#others
    const isLong = !heartbeat && this.bytes > 0 && this.bytes + bytes > this.#mostBytes
    if (queue.size >= this.#bound || isLong) {
      this.dropped += 1
      return false
    }
    if (!heartbeat) this.bytes += bytes
    this.#add(queue, event)
    return true
  }

  /** Counts off a message that was taken, and is no heartbeat. */
  free(bytes: number): void {
    this.bytes -= bytes
  }

  /** Takes the next event; undefined when there is none. */
  shift(): (() => void) | undefined {
    const event = this.#heartbeats.shift() ?? this.#timers.shift() ?? this.#others.shift()
    if (event) this.handled += 1
    return event
  }

  #add(queue: Fifo<() => void>, event: () => void): void {
    queue.push(event)
    this.peak = Math.max(this.peak, queue.size)
  }
}
