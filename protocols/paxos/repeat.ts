/**
 * When a question that got no answer is put once more. On a thin or a long line each copy that is asked for too early
 * stands before the next answer, which is later still, until nothing arrives at all. So it is as for TCP (RFC 6298, §2 and
 * §5; Karn and Partridge 1987, §3): patience is twice what the last answer took, doubled whenever it is over, and an answer
 * to what was asked twice does not tell how long one takes.
 *
 * Time is counted in heartbeats: a clock may be put back.
 */
export class Repeat {
  /** How many heartbeats an answer may take. */
  patience: number
  readonly #least: number
  readonly #most: number
  #waited = 0
  #again = false

  /** @param least the heartbeats that an answer may always take; `most` that it may take at all */
  constructor(least: number, most: number) {
    this.patience = least
    this.#least = least
    this.#most = most
  }

  /** A new question is put. */
  ask(): void {
    this.#waited = 0
    this.#again = false
  }

  /** Its answer has come. */
  answered(): void {
    if (!this.#again) this.patience = Math.min(Math.max(2 * this.#waited, this.#least), this.#most)
    this.#waited = 0
  }

  /** Once a heartbeat without an answer: whether it is time to ask again. */
  isDue(): boolean {
    this.#waited += 1
    if (this.#waited < this.patience) return false
    this.#waited = 0
    this.#again = true
    this.patience = Math.min(2 * this.patience, this.#most)
    return true
  }
}
