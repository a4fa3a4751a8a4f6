/**
 * Answers to clients that rest on records which are not on disk yet. Where that takes too long the client is told at its
 * deadline that nobody knows: a disk that hangs must not leave it without an answer.
 */
import { SWEEP_INTERVAL_MS } from './open-requests.ts'
import type { Outcome } from './request.ts'
import type { Clock } from './seams.ts'

interface Held {
  readonly deadline: number
  /** Tells the client; null once it was told. */
  tell: ((outcome: Outcome) => void) | null
}

/** See the file's head. */
export class HeldAnswers {
  readonly #clock: Clock
  readonly #expire: (tellings: readonly (() => void)[]) => void
  /** Those that wait, among some that have left since the last sweep. */
  #held: Held[] = []
  #waits = false

  /** @param expire gets what tells clients whose deadline has passed that nobody knows */
  constructor(clock: Clock, expire: (tellings: readonly (() => void)[]) => void) {
    this.#clock = clock
    this.#expire = expire
  }

  /** Holds an answer; gives what is to be called when it may leave. */
  hold(deadline: number, outcome: Outcome, tell: (outcome: Outcome) => void): () => void {
    const held: Held = { deadline, tell }
    this.#held.push(held)
    this.#wait()
    return () => {
      held.tell?.(outcome)
      held.tell = null
    }
  }

  /** Gives up those whose deadline is not after `now`; `when` says until when there was no answer. */
  lapse(now: number, when: string): void {
    const reason = `its disk was not done ${when}; the request may have been applied`
    const outcome: Outcome = { ok: false, code: 'unknown', reason }
    const tellings: (() => void)[] = []
    this.#held = this.#held.filter((held) => {
      const { tell, deadline } = held
      if (!tell || deadline > now) return tell !== null
      held.tell = null
      tellings.push(() => tell(outcome))
      return false
    })
    if (tellings.length > 0) this.#expire(tellings)
  }

  #wait(): void {
    if (this.#waits) return
    this.#waits = true
    this.#clock.setAlarm(SWEEP_INTERVAL_MS, () => {
      this.#waits = false
      this.lapse(this.#clock.now(), 'in time')
      if (this.#held.length > 0) this.#wait()
    })
  }
}
