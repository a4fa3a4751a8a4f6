/**
 * A simulated cluster of any protocol that has begun, and what may be demanded of it at any moment: that some nodes
 * serve, that others acknowledge nothing, that all agree again. Each step is judged by the simulator's invariants.
 */
import { SynodError } from '../../src/errors.ts'
import { Cluster, type NodeId } from '../../src/node-id.ts'
import type { NodeOptions } from '../../src/node-parts.ts'
import { type Protocol, type Replica, TIMEOUTS } from '../../src/replica.ts'
import type { ReadMode } from '../../src/request.ts'
import { LAYOUTS } from '../../src/sim/index.ts'
import type { Process } from '../../src/sim/process.ts'
import { type Pending, Scenario } from '../../src/sim/scenario.ts'
import type { Setting } from './row.ts'

/** Within how many virtual milliseconds what was promised comes: some elections, and some requests that ran late. */
export const BOUND_MS = 5000

/** After which nobody rests on what was true before a cut. */
export const SETTLED_MS = 2000

/** How long a request waits for its answer, and the most that its answer is late. */
const REQUEST_MS = 500
const LATE_MS = 100

/** The keys that are written. */
const KEYS = ['a', 'b', 'c']

/** The cluster of a layout. */
export function clusterOf(layout: string): Cluster {
  const sizes = LAYOUTS[layout]
  if (!sizes) throw new SynodError('usage', `there is no layout ${layout}`)
  return new Cluster(
    sizes.flatMap((size, zone) => Array.from({ length: size }, (_, node) => `${zone + 1}.${node + 1}`)),
  )
}

export class Stage {
  readonly protocol: Protocol
  readonly scenario: Scenario<Replica>
  readonly durable: boolean
  /** Whether nodes of this protocol have a leader at all. */
  readonly led: boolean
  readonly #options: unknown
  #turn = 0
  #reads = 0

  constructor({ protocol, layout, durable, seed }: Setting, nodeOptions: Partial<NodeOptions> = {}) {
    const simulated = protocol.simulated?.() ?? [{}]
    const options = simulated[seed % simulated.length]!
    this.protocol = protocol
    this.durable = durable
    this.#options = protocol.options(options, TIMEOUTS)
    this.scenario = new Scenario<Replica>({
      protocol,
      // No message is looked at: this is for any protocol.
      messages: {},
      nodes: clusterOf(layout).members.map(({ name }) => name),
      options,
      nodeOptions: { requestTimeoutMs: REQUEST_MS, ...nodeOptions },
      durable,
      seed,
    })
    for (const process of this.processes) process.boot()
    this.scenario.until('the start of all nodes', () => this.processes.every((process) => isReady(process)))
    this.led = this.processes.some(({ replica }) => replica!.status().leader !== null)
  }

  get processes(): readonly Process[] {
    return this.scenario.processes
  }

  get members(): readonly NodeId[] {
    return this.scenario.cluster.members
  }

  /** The nodes that run: neither dead, nor paused, nor out for good because they forgot. */
  get running(): NodeId[] {
    return this.processes.filter((p) => p.alive && !p.paused && !this.#abstains(p)).map(({ id }) => id)
  }

  /** All nodes in this order: whoever leads, or the first one, then the others. */
  order(): NodeId[] {
    const name = this.scenario.leader()
    const first = this.members.find((id) => id.name === name) ?? this.members[0]!
    return [first, ...this.members.filter((id) => id !== first)]
  }

  process(id: NodeId): Process {
    return this.processes[id.index]!
  }

  /** Whether the protocol promises that requests finish while exactly these run and reach each other. */
  promises(alive: readonly NodeId[]): boolean {
    return this.protocol.progress(alive, { cluster: this.scenario.cluster }, this.#options)
  }

  /** Cuts all links between two nodes of which `joined` does not say that they are kept. */
  keep(joined: (from: NodeId, to: NodeId) => boolean): void {
    for (const from of this.members) {
      for (const to of this.members) if (from !== to && !joined(from, to)) this.scenario.network.cut(from, to)
    }
  }

  /** The paths of reads that are linearizable: whatever holds of one holds of all. */
  get paths(): readonly ReadMode[] {
    return ['', ...(this.protocol.reads ?? []).filter((path) => path !== 'any')]
  }

  /** A write that is acknowledged and a read that is answered, at each of these nodes; reads take all paths in turn. */
  serves(nodes: readonly NodeId[], ms = BOUND_MS): void {
    for (const { name } of nodes) {
      const before = this.scenario.world.now
      try {
        this.scenario.write(name, this.#key(), ms)
        this.scenario.read(name, this.#key(), ms, this.#path())
      } catch (error) {
        const after = Math.round(this.scenario.world.now - before)
        throw new Error(`${name} owes service with ${names(nodes)}, and has not served after ${after} ms`, {
          cause: error,
        })
      }
    }
  }

  /** One of these nodes serves; the others may. */
  someServes(nodes: readonly NodeId[], ms = BOUND_MS): void {
    const { scenario } = this
    const end = scenario.world.now + ms
    while (scenario.world.now < end) {
      if (this.#writesAt(nodes).some(({ outcome }) => outcome?.ok)) return
      scenario.run(20)
    }
    throw new Error(`not within ${ms} ms: an acknowledgement by any of ${names(nodes)}`)
  }

  /** No write is acknowledged at these nodes. Each has an answer, and that a definite refusal or an honest "unknown". */
  acknowledgesNothing(nodes: readonly NodeId[]): void {
    for (let round = 0; round < 3 && nodes.length > 0; round++) {
      for (const [index, { outcome }] of this.#writesAt(nodes).entries()) {
        const { name } = nodes[index]!
        if (outcome === undefined) throw new Error(`${name} leaves a client without an answer`)
        if (outcome?.ok) throw new Error(`${name} acknowledges a write, where no progress is promised: ${names(nodes)}`)
      }
      this.scenario.run(200)
    }
  }

  /** Clients write and read at all running nodes, one operation every few milliseconds; nobody waits for the end. */
  load(operations: number): Pending[] {
    return Array.from({ length: operations }, (_, index) => {
      const nodes = this.running
      const { name } = nodes[index % nodes.length]!
      const pending = this.scenario.submit(name, this.#key(), index % 3 > 0, this.#path())
      this.scenario.run(3)
      return pending
    })
  }

  /** Takes all faults away. */
  heal(): void {
    this.scenario.network.heal()
    for (const process of this.processes) {
      if (process.paused) process.resume()
      if (!process.alive) process.boot()
    }
  }

  /** Without faults, all nodes serve again, but those that abstain; they agree, and what the clients saw is judged. */
  recovers(): void {
    this.heal()
    const { scenario } = this
    scenario.until('all nodes are ready again', () => this.processes.every((p) => this.#abstains(p) || isReady(p)))
    this.serves(this.running)
    // Where there is no common order, a node that has read a key holds it.
    for (const { name } of this.running) for (const key of scenario.clients.keys) scenario.read(name, key)
    scenario.until('all nodes agree', () => new Set(this.running.map((id) => this.state(id))).size === 1)
    scenario.judge()
  }

  /** How much a node has executed, and its state, in a form to compare. */
  state(id: NodeId): string {
    const { replica, store } = this.process(id)
    return `executed ${replica?.status().executed}, state ${store?.hash()}`
  }

  #writesAt(nodes: readonly NodeId[]): Pending[] {
    const writes = nodes.map(({ name }) => this.scenario.submit(name, this.#key(), true))
    const end = this.scenario.world.now + REQUEST_MS + LATE_MS
    this.scenario.world.runUntil(end, () => writes.every(({ outcome }) => outcome !== undefined))
    return writes
  }

  #abstains({ node }: Process): boolean {
    return this.protocol.abstains === true && node?.memory === 'lost'
  }

  #path(): ReadMode {
    return this.paths[this.#reads++ % this.paths.length]!
  }

  #key(): string {
    return KEYS[this.#turn++ % KEYS.length]!
  }
}

function isReady({ node, replica }: Process): boolean {
  return node?.memory != null && node.memory !== 'lost' && replica?.status().ready === true
}

function names(nodes: readonly NodeId[]): string {
  return nodes.map(({ name }) => name).join(' ')
}
