/** Things that come out in the order in which they went in, each after its delay; any number may be under way. */
import { Fifo } from '../parts/fifo.ts'
import type { Alarm, Clock } from '../seams.ts'

interface Waiting<T> {
  readonly item: T
  readonly bytes: number
  readonly dueMs: number
}

export class DelayLine<T> {
  readonly #clock: Clock
  readonly #maxBytes: number
  readonly #release: (item: T) => void
  #waiting = new Fifo<Waiting<T>>()
  #bytes = 0
  #alarm: Alarm | null = null

  /** @param maxBytes what may be under way at once; an item that goes beyond is lost, unless it is alone */
  constructor(clock: Clock, maxBytes: number, release: (item: T) => void) {
    this.#clock = clock
    this.#maxBytes = maxBytes
    this.#release = release
  }

  get size(): number {
    return this.#waiting.size
  }

  /** Takes an item of so many bytes; false when it is lost for lack of room. */
  push(item: T, bytes: number, delayMs: number): boolean {
    if (this.size > 0 && this.#bytes + bytes > this.#maxBytes) return false
    // Only the first is looked at, so that a shorter delay does not overtake what went in before.
    this.#waiting.push({ item, bytes, dueMs: this.#clock.now() + delayMs })
    this.#bytes += bytes
    if (this.#alarm === null) this.#arm()
    return true
  }

  /** What is under way comes out after this delay at the latest. */
  hasten(delayMs: number): void {
    if (this.size === 0) return
    const latestMs = this.#clock.now() + delayMs
    const hastened = new Fifo<Waiting<T>>()
    for (const waiting of this.#waiting) hastened.push({ ...waiting, dueMs: Math.min(waiting.dueMs, latestMs) })
    this.#waiting = hastened
    this.#disarm()
    this.#arm()
  }

  /** Loses everything that is under way. */
  clear(): void {
    this.#disarm()
    this.#waiting = new Fifo()
    this.#bytes = 0
  }

  #disarm(): void {
    if (this.#alarm !== null) this.#clock.clearAlarm(this.#alarm)
    this.#alarm = null
  }

  #arm(): void {
    const next = this.#waiting.peek()
    if (!next) return
    this.#alarm = this.#clock.setAlarm(Math.max(0, next.dueMs - this.#clock.now()), () => this.#ring())
  }

  #ring(): void {
    this.#alarm = null
    const now = this.#clock.now()
    for (let next = this.#waiting.peek(); next && next.dueMs <= now; next = this.#waiting.peek()) {
      this.#waiting.shift()
      this.#bytes -= next.bytes
      this.#release(next.item)
    }
    // A release may have put in the next item, or cleared the line.
    if (this.#alarm === null) this.#arm()
  }
}
