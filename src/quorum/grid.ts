/**
 * Grids: zones are columns, a row takes one node from each.
 *
 *              zone 1  zone 2  zone 3
 *                1.1     2.1     3.1    any node of each zone is a row
 *                1.2     2.2     3.2
 *                        2.3            every node of one zone is a column
 *
 * A row and a column meet in the column's zone, whatever the zones' sizes. The price: one dead node stops its column.
 */
import type { Cluster } from '../node-id.ts'
import type { QuorumSystem } from './system.ts'
import { ZoneQuorum } from './zone-quorum.ts'
import { pair } from './zoned.ts'

/**
 * A row (one node of each zone) for one phase, a column (all nodes of one zone) for the other.
 * @param phase1 `row`, as in Paxi, keeps phase 2 inside one zone; `column` exchanges the two
 */
export function grid(cluster: Cluster, phase1: 'row' | 'column' = 'row'): QuorumSystem {
  const row = new ZoneQuorum(cluster, () => 1, cluster.zones.size)
  const column = new ZoneQuorum(cluster, (size) => size, 1)
  return phase1 === 'row' ? pair('grid', row, column) : pair('grid', column, row)
}
