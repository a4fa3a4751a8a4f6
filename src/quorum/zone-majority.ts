/** Majorities of majorities: survives a minority of zones and, in each other zone, a minority of its nodes. */
import type { Cluster } from '../node-id.ts'
import type { QuorumSystem } from './system.ts'
import { ZoneQuorum } from './zone-quorum.ts'
import { majorityOf, pair } from './zoned.ts'

/**
 * A majority of the nodes in each of a majority of the zones, in both phases. A majority in any single zone, as in
 * Paxi's function of this name, would not be enough: two zones would decide apart.
 */
export function zoneMajority(cluster: Cluster): QuorumSystem {
  const quorum = new ZoneQuorum(cluster, majorityOf, majorityOf(cluster.zones.size))
  return pair('zone-majority', quorum, quorum)
}
