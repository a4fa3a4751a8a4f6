/** Quorum systems as a configuration names them. */
import { SynodError } from '../errors.ts'
import type { Cluster } from '../node-id.ts'
import { all } from './all.ts'
import { counted } from './counted.ts'
import { fast } from './fast.ts'
import { flexibleGrid } from './flexible-grid.ts'
import { grid } from './grid.ts'
import { majority } from './majority.ts'
import type { QuorumSystem } from './system.ts'
import { wpaxos } from './wpaxos.ts'
import { zoneMajority } from './zone-majority.ts'
import { type ZonePhase, zoned } from './zoned.ts'

const NAMED: ReadonlyMap<string, (cluster: Cluster) => QuorumSystem> = new Map([
  ['majority', majority],
  ['all', all],
  ['fast', fast],
  ['grid', (cluster) => grid(cluster)],
  ['zone-majority', zoneMajority],
])

/** A system by name, by the sizes of its two quorums, by the zones that may fail, or by zones in full. */
export type QuorumSpec =
  | 'majority'
  | 'all'
  | 'fast'
  | 'grid'
  | 'zone-majority'
  | { readonly q1: number; readonly q2: number }
  /** WPaxos's quorums; with `nodes: 'majority'` Paxi's flexible grid. */
  | { readonly fz: number; readonly nodes?: 'majority' }
  | { readonly phase1: ZonePhase; readonly phase2: ZonePhase }

/**
 * Builds the system that `spec` names.
 * @throws SynodError `config` when it names none, is impossible in this cluster, or has quorums that miss each other
 */
export function quorumSystem(cluster: Cluster, spec: QuorumSpec): QuorumSystem {
  if (typeof spec === 'string') {
    const make = NAMED.get(spec)
    if (!make) throw new SynodError('config', `quorum system "${spec}" is not one of ${[...NAMED.keys()].join(', ')}`)
    return make(cluster)
  }
  if (typeof spec === 'object' && spec !== null) {
    if ('q1' in spec) return counted(cluster, spec.q1, spec.q2)
    if ('fz' in spec && spec.nodes === undefined) return wpaxos(cluster, spec.fz)
    if ('fz' in spec && spec.nodes === 'majority') return flexibleGrid(cluster, spec.fz)
    if ('phase1' in spec && 'phase2' in spec) return zoned(cluster, spec.phase1, spec.phase2)
  }
  throw new SynodError('config', 'a quorum system is a name, or has q1 and q2, or fz, or phase1 and phase2')
}
