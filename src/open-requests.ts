/** The client requests a node has not answered yet: how many there may be, and what becomes of them at their deadline. */
import type { Request } from './request.ts'
import type { Alarm, Clock } from './seams.ts'

/** How often deadlines are looked at; an answer is at most this late. */
const SWEEP_INTERVAL_MS = 50

export class OpenRequests {
  readonly #clock: Clock
  readonly #limit: number
  readonly #expire: (requests: readonly Request[]) => void
  /** The open ones, among some that were answered since the last sweep. */
  #requests: Request[] = []
  #count = 0
  #alarm: Alarm | null = null

  /** @param expire what to do with requests whose deadline has passed without an answer */
  constructor(clock: Clock, limit: number, expire: (requests: readonly Request[]) => void) {
    this.#clock = clock
    this.#limit = limit
    this.#expire = expire
  }

  /** Whether one more would be too many. */
  get full(): boolean {
    return this.#count >= this.#limit
  }

  /** How many are open. */
  get size(): number {
    return this.#count
  }

  add(request: Request): void {
    this.#count += 1
    this.#requests.push(request)
    this.#alarm ??= this.#clock.setAlarm(SWEEP_INTERVAL_MS, () => this.#ring())
  }

  /** Notes that a request was answered. */
  close(): void {
    this.#count -= 1
  }

  #ring(): void {
    this.#alarm = null
    const now = this.#clock.now()
    const late = this.#requests.filter((request) => request.state !== 'answered' && request.deadline <= now)
    if (late.length > 0) this.#expire(late)
    this.#requests = this.#requests.filter((request) => request.state !== 'answered')
    if (this.#requests.length > 0) this.#alarm = this.#clock.setAlarm(SWEEP_INTERVAL_MS, () => this.#ring())
  }
}
