/** Flexible Paxos by number: phases of different sizes that still meet (Howard, Malkhi, Spiegelman 2016). */
import { SynodError } from '../errors.ts'
import type { Cluster } from '../node-id.ts'
import { CountQuorum } from './count-quorum.ts'
import type { QuorumSystem } from './system.ts'

/**
 * Any `q1` members for phase 1 and any `q2` for phase 2. `counted(cluster, 1, n)` is HPaxos's.
 * @throws SynodError `config` unless both are possible and q1 + q2 exceeds the cluster's size
 */
export function counted(cluster: Cluster, q1: number, q2: number): QuorumSystem {
  const phase1 = new CountQuorum(cluster, q1)
  const phase2 = new CountQuorum(cluster, q2)
  if (q1 + q2 <= cluster.size)
    throw new SynodError('config', `quorums of ${phase1.name} and ${phase2.name} can miss each other`)
  return { name: 'counted', phase1, phase2 }
}
