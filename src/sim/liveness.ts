/**
 * The liveness phase. First, in some runs, a core that must serve by the protocol's promise does so while the rest stays
 * broken, or a node that reaches a quorum while not all nodes reach each other. Then all faults are gone: everything
 * pending must finish, and all nodes agree, but those that abstain; where clients have fallen silent, before anything new
 * is written.
 */
import type { NodeId } from '../node-id.ts'
import type { Outcome, ReadMode } from '../request.ts'
import type { Plain } from './clients.ts'
import { keptOver, leftovers } from './invariants/bounded.ts'
import { insist } from './judge.ts'
import { partition4253 } from './nemesis/partition-4-2-5-3.ts'
import { partitionBridge } from './nemesis/partition-bridge.ts'
import { partitionChain } from './nemesis/partition-chain.ts'
import { partitionCloudflare } from './nemesis/partition-cloudflare.ts'
import { partitionRing } from './nemesis/partition-ring.ts'
import { partitionStar } from './nemesis/partition-star.ts'
import type { Process } from './process.ts'
import type { Stage } from './stage.ts'

/** How many virtual milliseconds everything may take. */
const LIVENESS_MS = 20_000

/** How long it may take at the end until nothing is under way, and until nothing is kept for others. */
const REST_MS = 7000
const KEPT_MS = 40_000

export function recover({ arena, chosen, trace }: Stage): void {
  const { world, clients, network, protocol } = arena
  const chooser = world.chooser.of('core')
  const silent = clients.stopped
  trace?.calmed()
  network.heal()
  if (!chosen && !protocol.abstains) chooser.pick([coreAlone, partlyConnected, () => {}])({ ...arena, chooser })
  network.heal()
  revive(arena)
  const deadline = world.now + LIVENESS_MS
  const serving = settle(arena, deadline)
  clients.stopped = true
  world.runUntil(deadline, () => clients.pending === 0)
  insist(clients.pending === 0, () => `${clients.pending} requests without an answer`)
  // Without a log nodes may differ in what no quorum lacks, until it is read.
  if (silent && protocol.sessions === 'log') agree(arena, serving, deadline)
  // Where nodes are far apart the operations of many nodes, one after the other, take longer than all else.
  const last = () => (network.isWide ? world.now + LIVENESS_MS : deadline)
  lastOperations(arena, serving, last)
  agree(arena, serving, last())
  // Whatever is left after this stays: requests of clients that went away have reached their deadlines.
  const left = (what: (process: Process) => string | null) => arena.processes.map(what).find((some) => some !== null)
  world.runUntil(world.now + REST_MS, () => !left(leftovers))
  insist(!left(leftovers), () => `${left(leftovers)} ${REST_MS} ms after the last request`)
  world.runUntil(world.now + KEPT_MS, () => !left(keptOver) && !left(leftovers))
}

type Arena = Stage['arena']

const PARTIAL = [partitionStar, partitionChain, partitionRing, partitionBridge, partition4253, partitionCloudflare]

/** When a last operation is tried again, in turn: never in step with what nodes do once a heartbeat. */
const RETRY_MS = [20, 70, 33, 95, 51]

/** How many writes must succeed meanwhile: one might before the leader has noticed. */
const PARTIAL_WRITES = 3

/** Waits until all that serve have executed as much, and have the same state. */
function agree(arena: Arena, serving: readonly Process[], deadline: number): void {
  const converged = () =>
    new Set(serving.map(({ replica, store }) => `${replica?.status().executed} ${store?.hash()}`)).size === 1
  arena.world.runUntil(deadline, converged)
  insist(converged(), () => `the nodes did not converge: ${describe(arena)}`)
}

/** Waits until all are ready that do not abstain, and gives them. */
function settle(arena: Arena, deadline: number): Process[] {
  const { world, processes, protocol, cluster, options } = arena
  const abstains = ({ node }: Process) => protocol.abstains === true && node?.memory === 'lost'
  const ready = (process: Process) =>
    abstains(process) || (remembers(process) && process.replica?.status().ready === true)
  const settled = () => processes.every(ready)
  world.runUntil(deadline, settled)
  insist(settled(), () => `not all ready ${LIVENESS_MS} ms after the last fault: ${describe(arena)}`)
  const serving = processes.filter((process) => !abstains(process))
  const members = serving.map(({ id }) => id)
  insist(protocol.progress(members, { cluster }, options), () => `too many abstain: ${describe(arena)}`)
  return serving
}

function remembers({ node }: Process): boolean {
  return node?.memory === 'blank' || node?.memory === 'kept'
}

/** All live and go on. */
function revive({ processes }: Arena): void {
  for (const process of processes) {
    if (process.paused) process.resume()
    if (!process.alive) process.boot()
  }
}

/** A core that must serve by the protocol's promise is healed; the rest is dead, paused, cut off, mute or deaf. */
function coreAlone(arena: Arena): void {
  const { world, chooser, processes, network, cluster, protocol, options, durable } = arena
  revive(arena)
  // Whoever still forgets could not help.
  world.runUntil(world.now + LIVENESS_MS, () => processes.every(remembers))
  const order = chooser.shuffle(processes)
  const suffices = (count: number) => {
    const alive = order.slice(0, count).map(({ id }) => id)
    return protocol.progress(alive, { cluster }, options)
  }
  const least = 1 + order.findIndex((_, index) => suffices(index + 1))
  const size = least + chooser.below(order.length - least + 1)
  for (const process of order.slice(size)) {
    const fate = chooser.pick(['dead', 'paused', 'cut', 'mute', 'deaf'] as const)
    if (fate === 'dead' && durable) process.crash()
    else if (fate === 'paused') process.pause()
    for (const other of processes) {
      if (other === process || fate === 'dead' || fate === 'paused') continue
      if (fate !== 'deaf') network.cut(process.id, other.id)
      if (fate !== 'mute') network.cut(other.id, process.id)
    }
  }
  const core = order.slice(0, size)
  // Clients go on meanwhile, and where who is asked must lead first, each of these takes its time.
  lastOperations(arena, core, () => world.now + LIVENESS_MS)
  // Nobody whom the core lacks may be missed: who is behind catches up from the others.
  const reached = () => core.map(({ replica }) => replica?.status().executed ?? null)
  const mark = Math.max(...reached().map((executed) => executed ?? 0))
  const level = () => reached().every((executed) => executed === null || executed >= mark)
  world.runUntil(world.now + LIVENESS_MS, level)
  insist(level(), () => `not all of the core have caught up with slot ${mark}: ${describe(arena)}`)
}

/** Each node lives, but not all reach each other. While one reaches a quorum, something must be served somewhere. */
function partlyConnected(arena: Arena): void {
  const { world, chooser, processes, network, cluster, protocol, options } = arena
  revive(arena)
  world.runUntil(world.now + LIVENESS_MS, () => processes.every(remembers))
  const shapes = PARTIAL.filter((shape) => shape.applies!(arena))
  if (shapes.length === 0) return
  const mend = chooser.pick(shapes).strike(arena)!
  const reaches = (a: NodeId, b: NodeId) => !network.isCut(a, b) && !network.isCut(b, a)
  const hubs = processes.filter(({ id }) =>
    protocol.progress(
      cluster.members.filter((member) => reaches(id, member)),
      { cluster },
      options,
    ),
  )
  for (let i = 0; i < PARTIAL_WRITES && hubs.length > 0; i++) {
    world.runUntil(world.now + chooser.between(0, 1000))
    succeed(arena, chooser.shuffle(hubs), '0', 'put', world.now + LIVENESS_MS)
  }
  mend()
}

/** Every serving node serves a write, then a read of each key; so registers, too, get the same state everywhere. */
function lastOperations(arena: Arena, serving: readonly Process[], deadline: () => number): void {
  for (const process of serving) succeed(arena, [process], '0', 'put', deadline())
  for (const process of serving) {
    for (const key of arena.clients.keys) succeed(arena, [process], key, 'get', deadline())
    for (const read of arena.protocol.reads ?? []) succeed(arena, [process], '0', 'get', deadline(), read)
  }
}

/** One last operation at one of these, tried again until it is acknowledged. */
function succeed(
  arena: Arena,
  at: readonly Process[],
  key: string,
  op: Plain,
  deadline: number,
  read: ReadMode = '',
): void {
  const { world, clients } = arena
  let ok = false
  let turn = 0
  const attempt = () => {
    const process = at[turn++ % at.length]!
    const ended = (outcome: Outcome | null) => {
      ok = outcome?.ok === true
      if (!ok && world.now < deadline) world.after(RETRY_MS[turn % RETRY_MS.length]!, attempt)
    }
    clients.operate(1000 + process.id.index, process, key, op, ended, read)
  }
  attempt()
  world.runUntil(deadline, () => ok)
  insist(
    ok,
    () =>
      `${at.map(({ id }) => id.name).join(' and ')} does not serve${read && ` reads of ${read}`}: ${describe(arena)}`,
  )
}

function describe({ processes }: Arena): string {
  return processes
    .map(({ id, node, replica }) => {
      const status = replica?.status()
      return `${id.name}(${node?.memory ?? 'gathering'}, ${status?.reason}, executed ${status?.executed}, leader ${status?.leader?.name})`
    })
    .join(' ')
}
