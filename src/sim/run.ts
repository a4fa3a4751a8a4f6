/** One simulated run of a seed: founding, a safety phase with faults, a liveness phase without. */

import { Cluster, type NodeId } from '../node-id.ts'
import { NODE_DEFAULTS } from '../node-parts.ts'
import { type Protocol, TIMEOUTS } from '../replica.ts'
import type { Log } from '../seams.ts'
import type { Arena, Invariant, Nemesis } from './arena.ts'
import { SeededChooser } from './chooser.ts'
import { Clients, type Totals } from './clients.ts'
import { invariants } from './invariants/index.ts'
import { NEMESES } from './nemesis/index.ts'
import { CALM, Network } from './network.ts'
import { Process } from './process.ts'
import { World } from './world.ts'

/** The cluster layouts a seed may draw: how many nodes in each zone. */
export const LAYOUTS: Readonly<Record<string, readonly number[]>> = {
  '1x1': [1],
  '1x3': [3],
  '3x1': [1, 1, 1],
  '1x5': [5],
  '3x3': [3, 3, 3],
}

/** How many acknowledged operations make a run count. */
const ENOUGH = 100

/** The most virtual milliseconds: of the safety phase, and for everything to finish once the faults are gone. */
const SAFETY_MS = 12_000
const LIVENESS_MS = 20_000

/** What to run. */
export interface RunOptions {
  readonly protocol: Protocol
  readonly seed: number
  /** A name of `LAYOUTS`; drawn when left out. */
  readonly layout?: string
  /** Names of `NEMESES`; a part of them is drawn. All when left out. */
  readonly faults?: readonly string[]
  /** Whether nodes have a disk; drawn when left out. */
  readonly durable?: boolean
  readonly logOf?: (id: NodeId, now: () => number) => Log
}

/** What came of it. */
export interface RunReport {
  readonly seed: number
  readonly layout: string
  readonly durable: boolean
  readonly violation: { readonly invariant: string; readonly message: string } | null
  /** Why a run without a violation proves nothing, or null. */
  readonly invalid: string | null
  /** Equal for equal runs. */
  readonly hash: number
  readonly steps: number
  readonly virtualMs: number
  readonly totals: Totals
  /** How often each fault struck. */
  readonly faults: Readonly<Record<string, number>>
  readonly leaderChanges: number
}

/** Thrown by a check inside the run; it ends it. */
class Violation extends Error {
  readonly invariant: string

  constructor(invariant: string, message: string) {
    super(message)
    this.invariant = invariant
  }
}

/** Runs one seed. The same options give the same report. */
export function run(options: RunOptions): RunReport {
  return new Run(options).execute()
}

class Run {
  readonly #seed: number
  readonly #layout: string
  readonly #arena: Arena
  readonly #nemeses: readonly Nemesis[]
  readonly #invariants: readonly Invariant[] = invariants()
  readonly #struck: Record<string, number> = {}
  #undo: (() => void)[] = []
  /** The latest leader seen, by the ballot it leads with. */
  #latest = { leader: '', ballot: 0 }
  #leaderChanges = 0
  #quiet = false
  #founded = false
  /** Whether the caller named the faults: then there are no others. */
  readonly #chosen: boolean

  constructor({ protocol, seed, layout, faults, durable, logOf }: RunOptions) {
    this.#seed = seed
    this.#chosen = faults !== undefined
    const chooser = new SeededChooser(seed)
    const world = new World(chooser)
    this.#layout = layout ?? chooser.pick(Object.keys(LAYOUTS))
    const names = LAYOUTS[this.#layout]!.flatMap((size, zone) =>
      Array.from({ length: size }, (_, node) => `${zone + 1}.${node + 1}`),
    )
    const cluster = new Cluster(names)
    const network = new Network(world)
    // Small bounds, so that chunks, snapshots and full pipelines happen in short runs.
    const options = protocol.options(chooser.pick(protocol.simulated?.() ?? [{}]), TIMEOUTS)
    const setting = {
      world,
      network,
      cluster,
      protocol,
      options,
      // Short ones too, so that requests expire while they wait.
      nodeOptions: { ...NODE_DEFAULTS, requestTimeoutMs: chooser.pick([100, 500, 2000]) },
      durable: durable ?? chooser.chance(0.5),
      logOf: logOf ? (id: NodeId) => logOf(id, () => world.now) : null,
    }
    const processes = cluster.members.map((id) => new Process(id, setting))
    const workload = {
      clients: 1 + chooser.below(8),
      keys: 1 + chooser.below(5),
      writes: chooser.between(0.2, 0.8),
      think: chooser.between(1, 60),
    }
    const clients = new Clients(world, processes, workload)
    this.#arena = { world, chooser, network, cluster, processes, clients, protocol, options, durable: setting.durable }
    const allowed = (faults ?? [...NEMESES.keys()]).map((name) => NEMESES.get(name)!)
    // Swarm testing (Groce et al. 2012): each seed leaves some faults out, so that others get further.
    this.#nemeses = faults ? allowed : allowed.filter(() => chooser.chance(0.4))
    world.afterStep = () => this.#check()
  }

  execute(): RunReport {
    let violation: RunReport['violation'] = null
    try {
      this.#found()
      this.#safety()
      this.#liveness()
      for (const invariant of this.#invariants) this.#demand(invariant, invariant.atEnd?.(this.#arena))
    } catch (error) {
      if (!(error instanceof Violation)) throw error
      violation = { invariant: error.invariant, message: error.message }
    }
    const { world, clients, durable } = this.#arena
    return {
      seed: this.#seed,
      layout: this.#layout,
      durable,
      violation,
      invalid: clients.totals.ok < ENOUGH ? `only ${clients.totals.ok} operations were acknowledged` : null,
      hash: world.hash,
      steps: world.steps,
      virtualMs: Math.round(world.now),
      totals: clients.totals,
      faults: this.#struck,
      leaderChanges: this.#leaderChanges,
    }
  }

  /** The nodes start one by one; some die before the cluster has begun. */
  #found(): void {
    const { world, chooser, processes, network, clients } = this.#arena
    for (const process of processes) world.after(chooser.between(0, 500), () => process.boot())
    // At most as many as may forget; also such as have begun already, if enough others remember.
    const fallible = chooser.shuffle(processes).slice(0, Math.floor((processes.length - 1) / 2))
    const crashes = !this.#chosen && chooser.chance(0.5) ? fallible.length * chooser.below(4) : 0
    for (let i = 0; i < crashes; i++) {
      const process = chooser.pick(fallible)
      world.after(chooser.between(0, 1000), () => {
        // One that gathers has said nothing yet; of those that have begun, a majority must go on remembering.
        const remembering = processes.filter(({ node }) => node?.memory === 'blank' || node?.memory === 'kept')
        const spare = remembering.length > Math.floor(processes.length / 2) + 1
        if (!process.alive || this.#founded || (process.node?.memory && !spare)) return
        process.crash()
        world.after(chooser.between(0, 300), () => {
          if (!process.alive) process.boot()
        })
      })
    }
    const early = chooser.chance(0.5)
    if (early) clients.start()
    if (early && this.#nemeses.length > 0 && chooser.chance(0.5)) {
      for (const name of ['usurp', 'slow-link']) {
        const nemesis = this.#nemeses.find((allowed) => allowed.name === name)
        if (nemesis) this.#strike(nemesis)
      }
    }
    if (!this.#chosen && chooser.chance(0.3))
      Object.assign(network.weather, { reorder: 1, mostDelay: 40, duplicate: 0.2 })
    world.runUntil(3000, () => processes.every(({ node }) => node?.memory))
    this.#founded = true
    this.#healAll()
    network.weather = { ...CALM }
    if (!early) clients.start()
  }

  /** Faults strike, alone and together; nothing need finish. */
  #safety(): void {
    const { world, chooser, clients } = this.#arena
    const end = world.now + SAFETY_MS
    const enough = () => clients.totals.ok >= ENOUGH * 2
    world.runUntil(world.now + chooser.between(0, 1500))
    let strikes = 5 + chooser.below(12)
    while (world.now < end && (strikes > 0 || !enough())) {
      if (this.#nemeses.length > 0 && strikes > 0) {
        this.#strike(chooser.pick(this.#nemeses))
        while (chooser.chance(0.5)) this.#strike(chooser.pick(this.#nemeses))
      }
      strikes -= 1
      world.runUntil(world.now + chooser.between(50, strikes > 0 ? chooser.pick([300, 1000, 2500]) : 500))
      if (chooser.chance(0.8)) this.#healAll()
      if (chooser.chance(0.5)) world.runUntil(world.now + chooser.between(50, 1500))
    }
    this.#healAll()
    // A run that the faults left little room counts once the rest of it was done without them.
    world.runUntil(world.now + LIVENESS_MS, () => clients.totals.ok >= ENOUGH)
  }

  /** No faults any more: everything pending must finish, and all nodes agree, but those that abstain. */
  #liveness(): void {
    const { world, chooser, processes, clients, network, protocol, cluster, options } = this.#arena
    network.heal()
    network.weather = { ...CALM }
    if (!this.#chosen && !protocol.abstains && chooser.chance(0.5)) this.#coreAlone()
    network.heal()
    for (const process of processes) {
      if (process.paused) process.resume()
      if (!process.alive) process.boot()
    }
    const deadline = world.now + LIVENESS_MS
    const abstains = ({ node }: Process) => protocol.abstains === true && node?.memory === 'lost'
    const settled = () =>
      processes.every(
        (process) =>
          abstains(process) ||
          (process.node?.memory && process.node.memory !== 'lost' && process.replica?.status().ready),
      )
    world.runUntil(deadline, settled)
    this.#insist(settled(), () => `not all ready ${LIVENESS_MS} ms after the last fault: ${this.#describe()}`)
    const serving = processes.filter((process) => !abstains(process))
    const promised = protocol.progress(
      serving.map(({ id }) => id),
      { cluster },
      options,
    )
    this.#insist(promised, () => `too many abstain: ${this.#describe()}`)
    clients.stopped = true
    world.runUntil(deadline, () => clients.pending === 0)
    this.#insist(clients.pending === 0, () => `${clients.pending} requests without an answer`)
    this.#lastOperations(serving, deadline)
    const converged = () =>
      new Set(serving.map(({ replica, store }) => `${replica?.status().executed} ${store?.hash()}`)).size === 1
    world.runUntil(deadline, converged)
    this.#insist(converged(), () => `the nodes did not converge: ${this.#describe()}`)
    this.#quiet = true
  }

  /** A core that must serve by the protocol's promise is healed; the rest is dead, paused, cut off, mute or deaf. */
  #coreAlone(): void {
    const { world, chooser, processes, network, cluster, protocol, options, durable } = this.#arena
    for (const process of processes) {
      if (process.paused) process.resume()
      if (!process.alive) process.boot()
    }
    // Whoever still forgets could not help.
    world.runUntil(world.now + LIVENESS_MS, () => processes.every(({ node }) => node?.memory && node.memory !== 'lost'))
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
    this.#lastOperations(order.slice(0, size), world.now + LIVENESS_MS)
  }

  /** Every serving node serves a write, then a read of each key; so registers, too, get the same state everywhere. */
  #lastOperations(serving: readonly Process[], deadline: number): void {
    for (const process of serving) this.#succeed(process, '0', true, deadline)
    for (const process of serving) {
      for (const key of this.#arena.clients.keys) this.#succeed(process, key, false, deadline)
    }
  }

  /** One last operation, tried again until it is acknowledged. */
  #succeed(process: Process, key: string, write: boolean, deadline: number): void {
    const { world, clients } = this.#arena
    let ok = false
    const attempt = () => {
      clients.operate(1000 + process.id.index, process, key, write, (outcome) => {
        ok = outcome?.ok === true
        if (!ok && world.now < deadline) world.after(50, attempt)
      })
    }
    attempt()
    world.runUntil(deadline, () => ok)
    this.#insist(ok, () => `${process.id.name} does not serve: ${this.#describe()}`)
  }

  #strike(nemesis: Nemesis): void {
    const undo = nemesis.strike(this.#arena)
    if (!undo) return
    this.#struck[nemesis.name] = (this.#struck[nemesis.name] ?? 0) + 1
    this.#undo.push(undo)
  }

  #healAll(): void {
    const undo = this.#undo
    this.#undo = []
    for (const heal of undo) heal()
  }

  #check(): void {
    // Only what the step has touched can have changed: mostly one process, or none.
    const touched = this.#arena.processes.filter((process) => process.touched)
    if (touched.length === 0) return
    for (const process of touched) process.touched = false
    const arena = { ...this.#arena, processes: touched }
    for (const invariant of this.#invariants) this.#demand(invariant, invariant.afterStep?.(arena))
    if (this.#quiet) return
    for (const { replica, id } of touched) {
      const status = replica?.status()
      if (status?.leader !== id || status.ballot <= this.#latest.ballot) continue
      if (this.#latest.ballot > 0 && this.#latest.leader !== id.name) this.#leaderChanges += 1
      this.#latest = { leader: id.name, ballot: status.ballot }
    }
  }

  #demand(invariant: Invariant, message: string | null | undefined): void {
    if (message) throw new Violation(invariant.name, message)
  }

  #insist(condition: boolean, message: () => string): void {
    if (!condition) throw new Violation('liveness', message())
  }

  #describe(): string {
    return this.#arena.processes
      .map(({ id, node, replica }) => {
        const status = replica?.status()
        return `${id.name}(${node?.memory ?? 'gathering'}, ${status?.reason}, executed ${status?.executed}, leader ${status?.leader?.name})`
      })
      .join(' ')
  }
}
