/** Everyone, in both phases: nothing moves while one node is down. */
import type { Cluster } from '../node-id.ts'
import { CountQuorum } from './count-quorum.ts'
import type { QuorumSystem } from './system.ts'

/** The whole cluster, in both phases. */
export function all(cluster: Cluster): QuorumSystem {
  const quorum = new CountQuorum(cluster, cluster.size)
  return { name: 'all', phase1: quorum, phase2: quorum }
}
