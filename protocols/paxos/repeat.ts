/**
 * When a question that got no answer is put once more. On a thin or a long line each copy that is asked for too early
 * stands before the next answer, which is later still, until nothing arrives at all. So patience is twice what the last
 * answer took, from when it was first asked for, as in TCP's first rule (RFC 793, §3.7). What was asked twice may have been
 * lost once, and then patience is too long for the next question, but not for the one behind; were such answers not
 * counted (Karn and Partridge 1987), it would have to grow with each try in vain, also where messages are lost.
 *
 * Time is counted in heartbeats: a clock may be put back.
 */
export class Repeat {
  /** How many heartbeats an answer may take. */
  patience: number
  readonly #least: number
  readonly #most: number
  /** Since the question was first put, and since it was put last. */
  #waited = 0
  #waitedAgain = 0

  /** @param least the heartbeats that an answer may always take; `most` that it may take at all */
  constructor(least: number, most: number) {
    this.patience = least
    this.#least = least
    this.#most = Math.max(least, most)
  }

  /** A new question is put. */
  ask(): void {
    this.#waited = 0
    this.#waitedAgain = 0
  }

  /** Its answer has come; what is asked next is a new question. */
  answered(): void {
    this.patience = Math.min(Math.max(2 * this.#waited, this.#least), this.#most)
    this.ask()
  }

  /** Once a heartbeat without an answer: whether it is time to ask again. */
  isDue(): boolean {
    this.#waited += 1
    this.#waitedAgain += 1
    if (this.#waitedAgain < this.patience) return false
    this.#waitedAgain = 0
    return true
  }
}
