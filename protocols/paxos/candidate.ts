/** Phase 1 from the candidate's side: who has promised, and the votes that a new leader must respect. */
import type { NodeId, Tally } from '#core'
import type { Prepared, Vote } from './messages.ts'
import { Repeat } from './repeat.ts'

/** How many heartbeats a member's answer may always take. */
const LEAST_PATIENCE = 2

export class Candidate {
  readonly ballot: number
  /** The first slot asked for: all below are executed here. */
  readonly from: number
  /** The highest floor among the answers, and who told it. */
  floor = 0
  floorHolder: NodeId | null = null
  /** Above all votes. */
  end: number
  /** Of each slot the vote with the highest ballot, or a chosen one. */
  readonly votes = new Map<number, Vote>()
  readonly tally: Tally
  /** How far each member has answered. */
  readonly answered = new Map<NodeId, number>()
  readonly #repeats = new Map<NodeId, Repeat>()
  readonly #patience: number

  /** @param patience how many heartbeats a member's answer may take at most: no more than elections have */
  constructor(ballot: number, from: number, tally: Tally, patience: number) {
    this.ballot = ballot
    this.from = from
    this.end = from
    this.tally = tally
    this.#patience = patience
  }

  /** Whether a quorum has promised and told all its votes. */
  get elected(): boolean {
    return this.tally.stands
  }

  /** The slot from which on `id` is to be asked, or null when it has told everything. */
  next(id: NodeId): number | null {
    return this.tally.has(id) ? null : (this.answered.get(id) ?? this.from)
  }

  /** Takes the next part of a member's answer; false for any other part. */
  take(m: Prepared, from: NodeId): boolean {
    if (m.from !== this.next(from)) return false
    if (m.floor > this.floor) {
      this.floor = m.floor
      this.floorHolder = from
    }
    for (const vote of m.votes) {
      const best = this.votes.get(vote.slot)
      // Lamport 2001, §2.2: of the votes in the quorum, the one with the highest ballot.
      if (!best || vote.chosen || (!best.chosen && vote.ballot > best.ballot)) this.votes.set(vote.slot, vote)
      this.end = Math.max(this.end, vote.slot + 1)
    }
    this.answered.set(from, m.end)
    this.#repeatOf(from).answered()
    if (!m.more) this.tally.ack(from)
    return true
  }

  /** Once a heartbeat: whether a member is to be asked again. */
  isDue(id: NodeId): boolean {
    return !this.tally.has(id) && this.#repeatOf(id).isDue()
  }

  #repeatOf(id: NodeId): Repeat {
    let repeat = this.#repeats.get(id)
    if (!repeat) this.#repeats.set(id, (repeat = new Repeat(LEAST_PATIENCE, this.#patience)))
    return repeat
  }
}
