/**
 * EPaxos's quorums, in the sizes of EPaxos* (Ryabinin, Gotsman, Sutra, OPODIS 2025): of n nodes at most f crash, and
 * the fast path holds while at most e do.
 *
 *     n          1  3  5  7  9
 *     n - f      1  2  3  4  5   slow: phase 1 (recovery) and phase 2 (Accept)
 *     n - e      1  2  3  5  6   fast: PreAccept at ballot 0, the coordinator included
 */
import type { Cluster } from '../node-id.ts'
import { CountQuorum } from './count-quorum.ts'
import type { Quorum, QuorumSystem } from './system.ts'

/** A system with a fast path beside its two phases. */
export interface FastQuorumSystem extends QuorumSystem {
  /** What suffices to commit at ballot 0 without phase 2. */
  readonly fast: Quorum
}

/**
 * EPaxos's, in the sizes of EPaxos* (Ryabinin, Gotsman, Sutra, OPODIS 2025): n − f nodes in both phases and n − e on the
 * fast path, f = ⌊(n−1)/2⌋, e = min(f, ⌊(n−f+1)/2⌋).
 */
export function fast(cluster: Cluster): FastQuorumSystem {
  const n = cluster.size
  const f = Math.floor((n - 1) / 2)
  const e = Math.min(f, Math.floor((n - f + 1) / 2))
  const slow = new CountQuorum(cluster, n - f)
  return { name: 'fast', phase1: slow, phase2: slow, fast: new CountQuorum(cluster, n - e) }
}
