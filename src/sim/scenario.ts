/**
 * A scripted cluster: the simulator's own processes, on a calm network, with the faults that a test spells out. Every
 * step is judged by the invariants of `run`, and `judge` judges what the clients saw.
 */

import { codecOf } from '../codec/compile.ts'
import { FRAME_HEADER, frameNumber, framePayload, seal } from '../codec/frame.ts'
import type { MessageClass, Module, ValuesOf } from '../codec/schema.ts'
import type { Node } from '../node.ts'
import { Cluster, type NodeId } from '../node-id.ts'
import { NODE_DEFAULTS, type NodeOptions } from '../node-parts.ts'
import { type Protocol, type Replica, TIMEOUTS } from '../replica.ts'
import type { Outcome, ReadMode } from '../request.ts'
import type { Log } from '../seams.ts'
import type { Arena } from './arena.ts'
import { SeededChooser } from './chooser.ts'
import { Clients } from './clients.ts'
import { invariants } from './invariants/index.ts'
import { Network } from './network.ts'
import { Process } from './process.ts'
import { numbered, vocabularyOf } from './vocabulary.ts'
import { World } from './world.ts'

/** How long a condition may take to come true, in virtual milliseconds, unless told otherwise. */
const PATIENCE_MS = 10_000

/** A message of the protocol on its way. */
export interface Passing {
  readonly from: string
  readonly to: string
  /** The name of its class. */
  readonly name: string
  readonly message: Readonly<Record<string, unknown>>
  /** How long it is as it travels. */
  readonly bytes: number
}

/** An operation of a client: no outcome until it has ended; then null if its node died. */
export interface Pending {
  outcome: Outcome | null | undefined
}

/** What a scenario is made of. */
export interface ScenarioOptions {
  readonly protocol: Protocol
  /** The protocol's messages, to see and to forge them. */
  readonly messages: Module
  /** Node ids; three nodes of one zone by default. */
  readonly nodes?: readonly string[]
  readonly options?: Readonly<Record<string, unknown>>
  readonly nodeOptions?: Partial<NodeOptions>
  readonly durable?: boolean
  readonly seed?: number
  readonly logOf?: (id: NodeId) => Log
}

/** The network, with an eye and a hand on each message. */
class TappedNetwork extends Network {
  tap: (from: NodeId, to: NodeId, frame: Uint8Array) => boolean = () => true

  override send(from: NodeId, to: NodeId, frames: readonly Uint8Array[]): boolean {
    const passed = frames.filter((frame) => this.tap(from, to, frame))
    return passed.length === 0 || super.send(from, to, passed)
  }
}

/** See the file's head. `R` is the protocol's replica. */
export class Scenario<R extends Replica> {
  readonly world: World
  readonly network: TappedNetwork
  readonly cluster: Cluster
  readonly processes: readonly Process[]
  readonly clients: Clients
  /** All messages of the protocol that were sent and not lost on purpose. */
  readonly passed: Passing[] = []
  /** Whether a message may pass; all may unless a test says otherwise. */
  admits: (passing: Passing) => boolean = () => true
  /** Called after each step, once the invariants have looked. */
  watch: () => void = () => {}
  readonly #arena: Arena
  readonly #numbers: ReadonlyMap<number, MessageClass>
  readonly #invariants = invariants()

  constructor({ protocol, messages, nodes, options, nodeOptions, durable = false, seed = 1, logOf }: ScenarioOptions) {
    const chooser = new SeededChooser(seed)
    const world = new World(chooser)
    const network = new TappedNetwork(world)
    const cluster = new Cluster(nodes ?? ['1.1', '1.2', '1.3'])
    const setting = {
      world,
      network,
      cluster,
      protocol,
      options: protocol.options(options ?? {}, TIMEOUTS),
      nodeOptions: { ...NODE_DEFAULTS, epochMs: 0, ...nodeOptions },
      durable,
      logOf: logOf ?? null,
    }
    this.processes = cluster.members.map((id) => new Process(id, setting))
    this.clients = new Clients(world, this.processes, { clients: 0, keys: 0, writes: 0, think: 0, reads: [''] })
    this.world = world
    this.network = network
    this.cluster = cluster
    const vocabulary = vocabularyOf(protocol, cluster, setting.options)
    this.#arena = { ...setting, chooser, vocabulary, processes: this.processes, clients: this.clients }
    this.#numbers = numbered(messages)
    network.tap = (from, to, frame) => this.#pass(from, to, frame)
    world.afterStep = () => this.#look()
  }

  /** Boots all nodes and waits until they agree on a leader; gives its name, then the others'. */
  start(): string[] {
    for (const process of this.processes) process.boot()
    const agreed = () => new Set(this.processes.map(({ replica }) => replica?.status().leader)).size === 1
    this.until('one leader', () => agreed() && this.leader() !== null)
    const first = this.leader()!
    return [first, ...this.processes.map(({ id }) => id.name).filter((name) => name !== first)]
  }

  /** Who takes itself for the leader at the highest ballot. */
  leader(): string | null {
    const leaders = this.processes.flatMap(({ id, replica }) => {
      const status = replica?.status()
      return status?.leader === id ? [{ name: id.name, ballot: status.ballot }] : []
    })
    return leaders.sort((a, b) => b.ballot - a.ballot)[0]?.name ?? null
  }

  process(name: string): Process {
    return this.processes[this.id(name).index]!
  }

  replica(name: string): R {
    const { replica } = this.process(name)
    if (!replica) throw new Error(`${name} is dead`)
    return replica as R
  }

  id(name: string): NodeId {
    return this.cluster.find(name)!
  }

  /** Lets virtual time pass. */
  run(ms: number): void {
    this.world.runUntil(this.world.now + ms)
  }

  /** Runs until the condition holds. Throws when that takes too long. */
  until(what: string, condition: () => boolean, ms = PATIENCE_MS): void {
    const deadline = this.world.now + ms
    this.world.runUntil(deadline, condition)
    if (!condition()) throw new Error(`not within ${ms} ms: ${what}`)
  }

  /** Does something to a replica in a turn of its node. */
  act(name: string, action: (replica: R, node: Node) => void): void {
    const { node } = this.process(name)
    let done = false
    node!.setTimer(0, () => {
      done = true
      action(this.replica(name), node!)
    })
    this.until(`a turn of ${name}`, () => done)
  }

  /** A write of a value of its own, or a read, at a node; does not wait. */
  submit(name: string, key: string, write: boolean, read: ReadMode = ''): Pending {
    const pending: Pending = { outcome: undefined }
    const ended = (outcome: Outcome | null) => {
      pending.outcome = outcome
    }
    const client = this.clients.history.length
    this.clients.operate(client, this.process(name), key, write ? 'put' : 'get', ended, read)
    return pending
  }

  /** A write that must succeed, tried again while it is definitely refused. */
  write(name: string, key: string, ms = PATIENCE_MS): void {
    this.#succeed(name, key, true, ms)
  }

  /** A read that must succeed; the value as text. */
  read(name: string, key: string, ms = PATIENCE_MS, read: ReadMode = ''): string | null {
    const outcome = this.#succeed(name, key, false, ms, read)
    return outcome.ok && outcome.result.value ? new TextDecoder().decode(outcome.result.value) : null
  }

  cutOff(name: string): void {
    for (const { id } of this.processes) if (id.name !== name) this.cut(name, id.name)
  }

  /** Cuts the link between two nodes, both ways. */
  cut(a: string, b: string): void {
    this.network.cut(this.id(a), this.id(b))
    this.network.cut(this.id(b), this.id(a))
  }

  /** Leaves only these links. */
  keepOnly(links: readonly (readonly [string, string])[]): void {
    const kept = new Set(links.flatMap(([a, b]) => [`${a}>${b}`, `${b}>${a}`]))
    for (const a of this.cluster.members) {
      for (const b of this.cluster.members) if (a !== b && !kept.has(`${a.name}>${b.name}`)) this.network.cut(a, b)
    }
  }

  /** Delivers a message that `from` never sent. */
  forge<C extends MessageClass>(from: string, to: string, type: C, values: ValuesOf<C>): void {
    const number = [...this.#numbers].find(([, known]) => known === (type as MessageClass))![0]
    const founding = this.process(to).node?.founding.name ?? 0
    const frame = seal(codecOf(type).encode(values, FRAME_HEADER), number, founding)
    this.process(to).receive(this.id(from), frame)
    this.run(5)
  }

  /** Judges the whole history. Throws when it is not linearizable. */
  judge(): void {
    for (const invariant of this.#invariants) this.#demand(invariant.name, invariant.atEnd?.(this.#arena))
  }

  #succeed(name: string, key: string, write: boolean, ms: number, read: ReadMode = ''): Outcome {
    const deadline = this.world.now + ms
    for (;;) {
      const pending = this.submit(name, key, write, read)
      this.until(`an answer of ${name}`, () => pending.outcome !== undefined, Math.max(1, deadline - this.world.now))
      if (pending.outcome?.ok) return pending.outcome
      if (pending.outcome === null) throw new Error(`${name} died`)
      this.run(20)
    }
  }

  #pass(from: NodeId, to: NodeId, frame: Uint8Array): boolean {
    const type = this.#numbers.get(frameNumber(frame))
    if (!type) return true
    const message = codecOf(type).decode(framePayload(frame)) as Passing['message']
    const passing = { from: from.name, to: to.name, name: type.name, message, bytes: frame.length }
    if (!this.admits(passing)) return false
    this.passed.push(passing)
    return true
  }

  #look(): void {
    for (const invariant of this.#invariants) this.#demand(invariant.name, invariant.afterStep?.(this.#arena))
    this.watch()
  }

  #demand(name: string, message: string | null | undefined): void {
    if (message) throw new Error(`${name}: ${message}`)
  }
}
