/**
 * The requests a node has not answered yet: how many there may be, and what becomes of them at their deadline.
 *
 * A node takes as many from each other node as from its own clients. So what one has taken is not refused by the next
 * for want of room: a refusal that has travelled has cost as much as an answer.
 */
import type { Request } from './request.ts'
import type { Alarm, Clock } from './seams.ts'

/** How often deadlines are looked at; an answer is at most this late. */
export const SWEEP_INTERVAL_MS = 50

export class OpenRequests {
  readonly #clock: Clock
  readonly #limit: number
  readonly #peers: number
  readonly #expire: (requests: readonly Request[]) => void
  /** The open ones, among some that were answered since the last sweep. */
  #requests: Request[] = []
  #own = 0
  #forwarded = 0
  #alarm: Alarm | null = null

  /**
   * @param limit how many there may be from clients, and from each of so many peers
   * @param expire what to do with requests whose deadline has passed without an answer
   */
  constructor(clock: Clock, limit: number, peers: number, expire: (requests: readonly Request[]) => void) {
    this.#clock = clock
    this.#limit = limit
    this.#peers = peers
    this.#expire = expire
  }

  /** Whether one more, of a client or from a peer, would be too many. */
  full(forwarded: boolean): boolean {
    return forwarded ? this.#forwarded >= this.#limit * this.#peers : this.#own >= this.#limit
  }

  /** How many more of clients would not be too many. */
  get room(): number {
    return this.#limit - this.#own
  }

  /** How many are open. */
  get size(): number {
    return this.#own + this.#forwarded
  }

  /** The open ones. */
  get unanswered(): Request[] {
    return this.#requests.filter(({ state }) => state !== 'answered')
  }

  add(request: Request): void {
    this.#count(request.forwarded, 1)
    this.#requests.push(request)
    this.#alarm ??= this.#clock.setAlarm(SWEEP_INTERVAL_MS, () => this.#ring())
  }

  /** Notes that a request was answered. */
  close(forwarded: boolean): void {
    this.#count(forwarded, -1)
  }

  #count(forwarded: boolean, change: number): void {
    if (forwarded) this.#forwarded += change
    else this.#own += change
  }

  #ring(): void {
    this.#alarm = null
    const now = this.#clock.now()
    const late = this.unanswered.filter(({ deadline }) => deadline <= now)
    if (late.length > 0) this.#expire(late)
    this.#requests = this.unanswered
    if (this.#requests.length > 0) this.#alarm = this.#clock.setAlarm(SWEEP_INTERVAL_MS, () => this.#ring())
  }
}
