/**
 * Quorum systems: pure geometry over a cluster. Which sets of nodes suffice for phase 1, and which for phase 2.
 * A tally throws `SynodError('internal')` on a node of another cluster: ids are interned, so that is always a defect.
 */
import type { NodeId } from '../node-id.ts'

/** Counts distinct members of one vote: one proposal at one ballot. */
export interface Tally {
  /** Counts `id`; true exactly once, when the quorum first stands. A member counts once. */
  ack(id: NodeId): boolean
  /** Whether `id` was counted. */
  has(id: NodeId): boolean
  /** Whether the quorum stands. */
  readonly stands: boolean
}

/** A family of quorums: any superset of a quorum is one too. */
export interface Quorum {
  /** What it is, for logs and errors: `3 of 5`, `2 of each of 2 of 3 zones`. */
  readonly name: string
  /** A new, empty count towards this quorum. */
  tally(): Tally
  /** Whether these members contain a quorum. */
  includes(members: Iterable<NodeId>): boolean
  /** The size of the smallest quorum. */
  readonly smallest: number
}

/** The two quorums of a consensus protocol. Every phase-1 quorum meets every phase-2 quorum. */
export interface QuorumSystem {
  readonly name: string
  readonly phase1: Quorum
  readonly phase2: Quorum
}
