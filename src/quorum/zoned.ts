/** Any two quorums by zone that meet: the general form of grids, for configurations that spell one out. */
import { SynodError } from '../errors.ts'
import type { Cluster } from '../node-id.ts'
import type { QuorumSystem } from './system.ts'
import { ZoneQuorum } from './zone-quorum.ts'

/** `nodes` members in each of `zones` zones. A zone with fewer members than that never counts. */
export interface ZonePhase {
  readonly nodes: number | 'majority' | 'all'
  readonly zones: number
}

/** More than half of a zone. */
export function majorityOf(size: number): number {
  return Math.floor(size / 2) + 1
}

/**
 * A system of two quorums by zone.
 * @throws SynodError `config` when some phase-1 quorum misses some phase-2 quorum
 */
export function pair(name: string, phase1: ZoneQuorum, phase2: ZoneQuorum): QuorumSystem {
  if (!phase1.meets(phase2))
    throw new SynodError('config', `quorums of "${phase1.name}" and "${phase2.name}" can miss each other`)
  return { name, phase1, phase2 }
}

/**
 * The system that two phases describe.
 * @throws SynodError `config` when a phase is impossible in this cluster or the two can miss each other
 */
export function zoned(cluster: Cluster, phase1: ZonePhase, phase2: ZonePhase): QuorumSystem {
  return pair('zoned', quorumOf(cluster, phase1), quorumOf(cluster, phase2))
}

function quorumOf(cluster: Cluster, { nodes, zones }: ZonePhase): ZoneQuorum {
  if (nodes === 'majority') return new ZoneQuorum(cluster, majorityOf, zones)
  if (nodes === 'all') return new ZoneQuorum(cluster, (size) => size, zones)
  return new ZoneQuorum(cluster, () => nodes, zones)
}
