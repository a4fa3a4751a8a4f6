/** WPaxos's quorums (Ailijiang et al. 2019, §3): flexible grids whose zones each survive f_n = ⌊(l−1)/2⌋ dead nodes. */
import type { Cluster } from '../node-id.ts'
import { checkFz } from './flexible-grid.ts'
import type { QuorumSystem } from './system.ts'
import { ZoneQuorum } from './zone-quorum.ts'
import { pair } from './zoned.ts'

function deaths(size: number): number {
  return Math.floor((size - 1) / 2)
}

/**
 * With l nodes in a zone: f_n + 1 in each of Z − fz zones for phase 1, l − f_n in each of fz + 1 zones for phase 2.
 * @param fz how many zones may fail before phase 2 stops
 * @throws SynodError `config` unless 0 ≤ fz < Z
 */
export function wpaxos(cluster: Cluster, fz: number): QuorumSystem {
  checkFz(cluster, fz)
  const phase1 = new ZoneQuorum(cluster, (size) => deaths(size) + 1, cluster.zones.size - fz)
  const phase2 = new ZoneQuorum(cluster, (size) => size - deaths(size), fz + 1)
  return pair('wpaxos', phase1, phase2)
}
