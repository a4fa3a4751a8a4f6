/** Majorities in both phases: the quorums of Paxos, and the most failures that any system survives. */
import type { Cluster } from '../node-id.ts'
import { CountQuorum } from './count-quorum.ts'
import type { QuorumSystem } from './system.ts'

/** More than half of the cluster, in both phases. Two majorities always meet. */
export function majority(cluster: Cluster): QuorumSystem {
  const quorum = new CountQuorum(cluster, Math.floor(cluster.size / 2) + 1)
  return { name: 'majority', phase1: quorum, phase2: quorum }
}
