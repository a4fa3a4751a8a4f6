/**
 * Spreads operations evenly over time, at a rate for all workers together. Timers are coarse (about 1 ms), so slots
 * that passed while a timer was late are made up for, but no more than a short burst of them.
 */

const LONGEST_BURST_MS = 20
const SMALLEST_BURST = 10

/** See the file's head. */
export class Throttle {
  readonly #intervalMs: number
  readonly #slackMs: number
  readonly #now: () => number
  readonly #waiting: (() => void)[] = []
  #next: number
  #released = false
  #timer: NodeJS.Timeout | null = null

  /**
   * @param rate operations per second, above 0
   * @param now the time in milliseconds
   */
  constructor(rate: number, now: () => number) {
    this.#intervalMs = 1000 / rate
    this.#slackMs = Math.max(LONGEST_BURST_MS, SMALLEST_BURST * this.#intervalMs)
    this.#now = now
    this.#next = now()
  }

  /** Calls `go` at its turn: at once, or later in the order of arrival. */
  enter(go: () => void): void {
    if (this.#released || (this.#waiting.length === 0 && this.#take())) {
      go()
    } else {
      this.#waiting.push(go)
      this.#arm()
    }
  }

  /** Lets all go at once from now on, so that they find out that the run is over. */
  release(): void {
    this.#released = true
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    for (const go of this.#waiting.splice(0)) go()
  }

  #take(): boolean {
    const now = this.#now()
    if (now < this.#next) return false
    this.#next = Math.max(this.#next, now - this.#slackMs) + this.#intervalMs
    return true
  }

  #arm(): void {
    this.#timer ??= setTimeout(() => this.#wake(), Math.max(1, this.#next - this.#now()))
  }

  #wake(): void {
    this.#timer = null
    while (this.#waiting.length > 0 && this.#take()) this.#waiting.shift()!()
    if (this.#waiting.length > 0) this.#arm()
  }
}
