/** How long a judge may search: steps, milliseconds of a clock that the caller brings, remembered configurations. */
import { SynodError } from '../errors.ts'

/** Which limit was reached. */
export type Limit = 'steps' | 'milliseconds' | 'cacheEntries'

/** The limits of one verdict. With steps and cache entries alone the verdict is the same on every machine. */
export interface Limits {
  /** Operations tried, over all keys; unlimited by default. */
  readonly steps?: number
  /** By the clock `now`, which must then be given; unlimited by default. */
  readonly milliseconds?: number
  /** The present time in milliseconds. */
  readonly now?: () => number
  /** Configurations remembered at a time, 3,000,000 by default: at most about 1 GB with up to 64 clients on a key. */
  readonly cacheEntries?: number
}

const CLOCK_INTERVAL = 1024

/** What is left of the limits, shared by the keys of one history. */
export class Budget {
  readonly cacheEntries: number
  readonly #now: () => number
  readonly #deadline: number
  #steps: number
  #untilClock = 1
  #late = false

  /** @throws SynodError `usage` when milliseconds are limited without a clock */
  constructor({ steps = Infinity, milliseconds = Infinity, now, cacheEntries = 3_000_000 }: Limits) {
    if (milliseconds !== Infinity && !now) throw new SynodError('usage', 'a limit in milliseconds needs a clock')
    this.cacheEntries = cacheEntries
    this.#steps = steps
    this.#now = now ?? (() => 0)
    this.#deadline = this.#now() + milliseconds
  }

  /** Takes one step; tells the limit that forbids it, if any. */
  step(): Limit | undefined {
    if (this.#steps-- <= 0) return 'steps'
    if (!this.#late && --this.#untilClock <= 0) {
      this.#untilClock = CLOCK_INTERVAL
      this.#late = this.#now() >= this.#deadline
    }
    return this.#late ? 'milliseconds' : undefined
  }
}
