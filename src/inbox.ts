/** What a node has to do: events in the order they came, but heartbeats and timers before all others. */
import { Fifo } from './parts/fifo.ts'

/** How many events one turn handles. */
export const TURN_EVENTS = 1024

export class Inbox {
  /** How many events waited at most in either queue, and how many found theirs full. */
  peak = 0
  dropped = 0
  /** How many events were taken. */
  handled = 0
  readonly #bound: number
  readonly #first = new Fifo<() => void>()
  readonly #others = new Fifo<() => void>()

  /** @param bound how many events either queue takes by `offer` */
  constructor(bound: number) {
    this.#bound = bound
  }

  get size(): number {
    return this.#first.size + this.#others.size
  }

  push(event: () => void, first: boolean): void {
    this.#add(this.#queue(first), event)
  }

  /** Adds an event unless its queue is full; so a flood of messages keeps no heartbeat out. */
  offer(event: () => void, first: boolean): boolean {
    const queue = this.#queue(first)
    if (queue.size >= this.#bound) {
      this.dropped += 1
      return false
    }
    this.#add(queue, event)
    return true
  }

  /** Takes the next event; undefined when there is none. */
  shift(): (() => void) | undefined {
    const event = this.#first.shift() ?? this.#others.shift()
    if (event) this.handled += 1
    return event
  }

  #add(queue: Fifo<() => void>, event: () => void): void {
    queue.push(event)
    this.peak = Math.max(this.peak, queue.size)
  }

  #queue(first: boolean): Fifo<() => void> {
    return first ? this.#first : this.#others
  }
}
