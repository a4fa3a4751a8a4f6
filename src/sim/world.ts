/** Virtual time: everything that is going to happen, in order, and a hash of all that has. */
import type { Chooser } from './chooser.ts'

interface Event {
  readonly time: number
  /** Breaks ties: what was scheduled first happens first. */
  readonly order: number
  readonly run: () => void
  cancelled: boolean
}

/** A scheduled event that can be cancelled. */
export type Scheduled = Event

/** Thrown when a world has come to the end of its steps. */
export class OutOfSteps extends Error {}

export class World {
  readonly chooser: Chooser
  /** Virtual milliseconds. */
  now = 0
  /** How many events have happened. */
  steps = 0
  /** How many may happen. */
  mostSteps = Number.POSITIVE_INFINITY
  /** Of every step's time and of every delivery's source, destination and bytes: equal for equal runs. */
  hash = 0x811c9dc5
  /** Called after each event. */
  afterStep: () => void = () => {}
  readonly #heap: Event[] = []
  #order = 0

  constructor(chooser: Chooser) {
    this.chooser = chooser
    chooser.follow(() => this.now)
  }

  /** Lets `run` happen at virtual time `time`, or now if that is past. */
  at(time: number, run: () => void): Scheduled {
    const event = { time: Math.max(time, this.now), order: this.#order++, run, cancelled: false }
    this.#push(event)
    return event
  }

  /** Lets `run` happen after `delayMs`. */
  after(delayMs: number, run: () => void): Scheduled {
    return this.at(this.now + delayMs, run)
  }

  /** Runs until virtual time `time`, or until `done` says so; false when there is nothing left to happen. */
  runUntil(time: number, done: () => boolean = () => false): boolean {
    while (!done()) {
      const event = this.#heap[0]
      if (!event) return false
      if (event.time > time) {
        this.now = time
        return true
      }
      this.#pop()
      if (event.cancelled) continue
      this.now = event.time
      this.steps += 1
      if (this.steps > this.mostSteps) throw new OutOfSteps(`more than ${this.mostSteps} steps`)
      this.mix(Math.round(event.time * 1000))
      event.run()
      this.afterStep()
    }
    return true
  }

  /** When the next thing happens; null when nothing will. */
  next(): number | null {
    while (this.#heap[0]?.cancelled) this.#pop()
    return this.#heap[0]?.time ?? null
  }

  /** When each thing happens that is going to, in order. */
  pending(): number[] {
    return this.#heap
      .filter(({ cancelled }) => !cancelled)
      .map(({ time }) => time)
      .sort((a, b) => a - b)
  }

  /** Adds a number to the trace hash (FNV-1a over its low 32 bits). */
  mix(value: number): void {
    this.hash = Math.imul(this.hash ^ (value | 0), 0x01000193) >>> 0
  }

  /** Adds bytes to the trace hash. */
  mixBytes(bytes: Uint8Array): void {
    let hash = this.hash
    for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193)
    this.hash = hash >>> 0
  }

  #push(event: Event): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(event)
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!before(event, heap[parent]!)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = event
  }

  #pop(): void {
    const heap = this.#heap
    const event = heap.pop()!
    if (heap.length === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child += 1
      if (!before(heap[child]!, event)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = event
  }
}

function before(a: Event, b: Event): boolean {
  return a.time < b.time || (a.time === b.time && a.order < b.order)
}
