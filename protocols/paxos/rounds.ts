/**
 * Requests that wait until a quorum has answered a question that was asked after they had arrived. One question is
 * under way at a time; those who come meanwhile share the next one.
 *
 *     waiting ── begin ──> round ── a quorum answers ──> due ── executed so far ──> taken
 */
import type { NodeId, Request, Tally } from '#core'

/** A question under way, or answered. */
export interface Round {
  readonly number: number
  readonly tally: Tally
  readonly requests: readonly Request[]
  /** The requests may be answered once all slots below are executed. */
  end: number
}

export class Rounds {
  /** No question about these was asked. */
  waiting: Request[] = []
  round: Round | null = null
  /** Answered by a quorum, in their order; their slots are not all executed. */
  due: Round[] = []
  /** The number of the last question. An answer to an earlier one is no answer. */
  number = 0

  /** Whether a question is to be asked now. */
  get ripe(): boolean {
    return this.round === null && this.waiting.length > 0
  }

  /** How many requests are here that have no answer. */
  get size(): number {
    const rounds = this.round ? [...this.due, this.round] : this.due
    return rounds.reduce(
      (sum, { requests }) => sum + requests.filter(isOpen).length,
      this.waiting.filter(isOpen).length,
    )
  }

  /** Opens the round of all that wait. */
  begin(tally: Tally, end: number): Round {
    this.round = { number: ++this.number, tally, requests: this.waiting, end }
    this.waiting = []
    return this.round
  }

  /** Counts an answer, which says that slots below `end` may matter. */
  ack(number: number, from: NodeId, end = 0): void {
    const { round } = this
    if (round?.number !== number) return
    round.end = Math.max(round.end, end)
    if (!round.tally.ack(from)) return
    this.due.push(round)
    this.round = null
  }

  /** Takes out the requests that may be answered when the slots below `executed` are. */
  take(executed: number): Request[] {
    if (this.due.length === 0) return []
    const ready = this.due.filter(({ end }) => end <= executed)
    if (ready.length > 0) this.due = this.due.filter(({ end }) => end > executed)
    return ready.flatMap(({ requests }) => requests)
  }

  /** Begins anew: what was answered so far counts no more. */
  restart(): void {
    const rounds = this.round ? [...this.due, this.round] : this.due
    this.waiting = [...rounds.flatMap(({ requests }) => requests), ...this.waiting].filter(isOpen)
    this.round = null
    this.due = []
  }

  /** Takes out all that wait. */
  takeWaiting(): Request[] {
    const { waiting } = this
    this.waiting = []
    return waiting
  }

  /** Drops what was answered at its deadline, and questions that nobody waits for. */
  prune(): void {
    this.waiting = this.waiting.filter(isOpen)
    this.due = this.due.filter(({ requests }) => requests.some(isOpen))
    if (this.round && !this.round.requests.some(isOpen)) this.round = null
  }
}

function isOpen(request: Request): boolean {
  return request.state !== 'answered'
}
