/** Paxi's flexible grid: majorities within zones, and a choice of how many zones may fail at once. */
import { SynodError } from '../errors.ts'
import type { Cluster } from '../node-id.ts'
import type { QuorumSystem } from './system.ts'
import { ZoneQuorum } from './zone-quorum.ts'
import { majorityOf, pair } from './zoned.ts'

/**
 * Refuses a number of failing zones that leaves none.
 * @throws SynodError `config` unless `fz` is an integer from 0 to one less than the cluster's zones
 */
export function checkFz(cluster: Cluster, fz: number): void {
  if (!Number.isInteger(fz) || fz < 0 || fz >= cluster.zones.size)
    throw new SynodError('config', `fz ${fz} must be an integer from 0 to ${cluster.zones.size - 1}, as zones may fail`)
}

/**
 * A majority in each of Z − fz zones for phase 1, and in each of fz + 1 zones for phase 2.
 * @param fz how many zones may fail before phase 2 stops
 * @throws SynodError `config` unless 0 ≤ fz < Z
 */
export function flexibleGrid(cluster: Cluster, fz: number): QuorumSystem {
  checkFz(cluster, fz)
  const phase1 = new ZoneQuorum(cluster, majorityOf, cluster.zones.size - fz)
  const phase2 = new ZoneQuorum(cluster, majorityOf, fz + 1)
  return pair('flexible-grid', phase1, phase2)
}
