/** Sets the stage for a seed: draws the cluster, its options and bounds, the clients and the faults. */
import { Cluster, type NodeId } from '../node-id.ts'
import { NODE_DEFAULTS, type NodeOptions } from '../node-parts.ts'
import { TIMEOUTS } from '../replica.ts'
import type { ReadMode } from '../request.ts'
import type { Arena, Nemesis } from './arena.ts'
import { type Chooser, SeededChooser } from './chooser.ts'
import { NEMESES } from './nemesis/index.ts'
import { PATIENT_MS } from './nemesis/stale-disk.ts'
import { Network } from './network.ts'
import { Process } from './process.ts'
import type { RunOptions } from './run.ts'
import { SteppingClients } from './stepping-clients.ts'
import { Strikes } from './strikes.ts'
import type { RunTrace } from './trace.ts'
import { vocabularyOf } from './vocabulary.ts'
import { World } from './world.ts'

/** The cluster layouts a seed may draw: how many nodes in each zone. */
export const LAYOUTS: Readonly<Record<string, readonly number[]>> = {
  '1x1': [1],
  '1x3': [3],
  '3x1': [1, 1, 1],
  '1x4': [4],
  '1x5': [5],
  '3x3': [3, 3, 3],
}

/** How a seed draws one: small clusters show most, and cost least. */
const DRAW = ['1x1', '1x3', '1x3', '1x3', '3x1', '3x1', '1x4', '1x5', '1x5', '3x3']

/** What a run is played with. */
export interface Stage {
  readonly arena: Arena & { readonly clients: SteppingClients }
  readonly layout: string
  readonly strikes: Strikes
  /** Whether the caller named the faults: then there are no others. */
  readonly chosen: boolean
  /** Told what happens, if anyone wants to know. */
  readonly trace: RunTrace | null
}

/** Draws what the caller left open. */
export function setStage(given: RunOptions): Stage {
  const { protocol, seed, layout, faults, durable, logOf } = given
  const root = given.chooser ?? new SeededChooser(seed)
  const world = new World(root)
  world.mostSteps = given.mostSteps ?? world.mostSteps
  const chooser = root.of('setup')
  const name = layout ?? chooser.pick(DRAW)
  const cluster = new Cluster(
    LAYOUTS[name]!.flatMap((size, zone) => Array.from({ length: size }, (_, node) => `${zone + 1}.${node + 1}`)),
  )
  const network = new Network(world)
  const datagrams = chooser.chance(0.2)
  // Who names the faults wants no others.
  network.datagrams = datagrams && faults === undefined
  const drawn = draw(chooser, faults)
  const clients = 1 + chooser.below(8)
  // Answers from afar take longer than a heartbeat, and not as long as an election waits. Where all is near there are small
  // bounds, so that chunks, snapshots and full pipelines happen in short runs.
  const afar = clients > 3 && chooser.chance(0.2)
  if (afar) network.spread(chooser.pick([20, 70]))
  const setting = {
    world,
    network,
    cluster,
    protocol,
    options: protocol.options(afar ? {} : chooser.pick(protocol.simulated?.() ?? [{}]), TIMEOUTS),
    nodeOptions: bounds(chooser, drawn, afar),
    durable: durable ?? chooser.chance(0.5),
    logOf: logOf ? (id: NodeId) => logOf(id, () => world.now) : null,
  }
  const processes = cluster.members.map((id) => new Process(id, setting))
  const workload = {
    clients,
    keys: 1 + chooser.below(5),
    writes: chooser.between(0.2, 0.8),
    think: chooser.between(2, chooser.pick([10, 30, 100, 200])),
    reads: protocol.reads ? chooser.pick(readsOf(protocol.reads)) : ([''] as const),
  }
  const crowd = new SteppingClients(world, processes, workload)
  const vocabulary = vocabularyOf(protocol, cluster, setting.options)
  const arena = { ...setting, chooser: root.of('plan'), vocabulary, processes, clients: crowd }
  for (const nemesis of drawn) nemesis.prepare?.(arena)
  const trace = given.trace ?? null
  trace?.begin(arena)
  crowd.trace = trace
  crowd.sessions.trace = trace
  return { arena, layout: name, strikes: new Strikes(arena, drawn, trace), chosen: faults !== undefined, trace }
}

/** The paths that reads may take in a run: the usual one, one of the others, or all. */
function readsOf(offered: readonly ReadMode[]): (readonly ReadMode[])[] {
  const fresh = offered.filter((mode) => mode !== 'any')
  return [[''], ...fresh.map((mode) => [mode]), fresh, ['', ...offered]]
}

/** Faults that find more together than each of them does among others. */
const THEMES = [
  ['usurp', 'delay', 'slow-link', 'reorder'],
  ['usurp', 'crash-one', 'crash-all', 'restart-loop'],
  ['restart-loop', 'crash-one', 'delay'],
  ['coup', 'delay', 'drop'],
  ['half-campaign', 'slow-link', 'delay'],
  ['short-lives', 'disconnect', 'lossy-link'],
  ['wipe', 'restart-loop', 'crash-one', 'partition-leader', 'usurp'],
  ['stale-disk', 'crash-one', 'restart-loop', 'partition-leader', 'relapse'],
  ['stale-disk', 'crash-all', 'slow-disk'],
  ['stale-disk', 'dead-peer', 'crash-one', 'partition-pair'],
  ['slow-disk', 'short-lives', 'crash-one', 'dead-peer'],
]

/** Swarm testing (Groce et al. 2012): each seed leaves faults out, many or few, so that others get further. */
function draw(chooser: Chooser, faults: readonly string[] | undefined): Nemesis[] {
  if (faults) return faults.map((name) => NEMESES.get(name)!)
  if (chooser.chance(0.3)) return chooser.pick(THEMES).map((name) => NEMESES.get(name)!)
  const share = chooser.pick([0.05, 0.1, 0.2, 0.3])
  return [...NEMESES.values()].filter(() => chooser.chance(share))
}

/** Short deadlines, so that requests expire while they wait; few sessions; little room where a node is to be overloaded. */
function bounds(chooser: Chooser, drawn: readonly Nemesis[], afar: boolean): NodeOptions {
  const requestTimeoutMs = chooser.pick(afar ? [2000] : [100, 500, 2000])
  const maxSessions = chooser.pick([1, 2, NODE_DEFAULTS.maxSessions, NODE_DEFAULTS.maxSessions])
  const epochMs = chooser.pick([100, 300, NODE_DEFAULTS.epochMs])
  const compareMs = chooser.pick([100, NODE_DEFAULTS.compareMs, PATIENT_MS])
  // So little that a slow disk stops its node, and no less than a few records.
  const maxUnsyncedBytes = chooser.pick([500, 5000, NODE_DEFAULTS.maxUnsyncedBytes])
  const usual = { ...NODE_DEFAULTS, requestTimeoutMs, maxSessions, epochMs, compareMs, maxUnsyncedBytes }
  if (!drawn.some(({ name }) => name === 'overload')) return usual
  return {
    ...usual,
    maxRequests: chooser.pick([4, 8, 16]),
    maxInbox: chooser.pick([64, 512]),
    maxInboxBytes: chooser.pick([5000, NODE_DEFAULTS.maxInboxBytes]),
  }
}
