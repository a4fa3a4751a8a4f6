/**
 * One node alone, on the simulator's own process, in a world of its own: what comes in is put to it move by move, and
 * what goes out is kept. The same inputs give the same actor, so a state that was left is reached again from the start.
 */
import { codecOf } from '../../codec/compile.ts'
import { get, put } from '../../command.ts'
import type { Cluster, NodeId } from '../../node-id.ts'
import { Founded } from '../../node-messages.ts'
import { NODE_DEFAULTS } from '../../node-parts.ts'
import type { Protocol } from '../../replica.ts'
import type { Outcome } from '../../request.ts'
import { Disk } from '../disk.ts'
import { Network } from '../network.ts'
import { Process } from '../process.ts'
import { World } from '../world.ts'
import { portrait } from './portrait.ts'
import { Steady } from './steady.ts'

/** One client's one operation: a write of a value of its own, or a read. */
export interface Task {
  /** The member number of the node that is asked. */
  readonly node: number
  readonly key: string
  /** What is written, or null for a read. */
  readonly value: string | null
}

/** What all actors share. */
export interface Stage {
  readonly cluster: Cluster
  readonly protocol: Protocol
  readonly options: unknown
  readonly durable: boolean
  readonly tasks: readonly Task[]
}

/** What can be put to an actor. `tick`: the next thing that it waits for happens, a sync or a timer. */
export type Input =
  | { readonly kind: 'boot' }
  | { readonly kind: 'tick' }
  | { readonly kind: 'submit'; readonly task: number }
  | { readonly kind: 'deliver'; readonly from: number; readonly frames: readonly Uint8Array[] }
  /** `kept`: how many of the records that were not synced survive. */
  | { readonly kind: 'crash'; readonly kept: number }

/** One write to a peer. */
export interface Sent {
  readonly to: number
  readonly frames: readonly Uint8Array[]
}

/** What a client was told; null when its node died. */
export interface Answered {
  readonly task: number
  readonly outcome: Outcome | null
}

/** A request does not end by its age, and no epoch of a disk does: those would be timers among others. */
export const NODE_OPTIONS = { ...NODE_DEFAULTS, requestTimeoutMs: 1e9, epochMs: 0 }

/** A wait shorter than this is for the disk; timers wait longer. */
const SYNC_MS = 1

/** So many timers in a row that change nothing are enough. */
const IDLE = 100

/** The record numbers of a node are in the order of their names: Epochs, Founded, Regained. */
const FOUNDED = 1

const encoder = new TextEncoder()

/** Takes down what is sent instead of carrying it. */
class Notes extends Network {
  readonly sent: Sent[] = []

  override send(_: NodeId, to: NodeId, frames: readonly Uint8Array[]): boolean {
    this.sent.push({ to: to.index, frames: frames.map((frame) => frame.slice()) })
    return true
  }
}

export class Actor {
  readonly process: Process
  readonly answered: Answered[] = []
  readonly #stage: Stage
  readonly #world: World
  readonly #network: Notes

  constructor(stage: Stage, index: number) {
    this.#stage = stage
    this.#world = new World(new Steady(index))
    this.#network = new Notes(this.#world)
    const setting = { ...stage, world: this.#world, network: this.#network, nodeOptions: NODE_OPTIONS, logOf: null }
    this.process = new Process(stage.cluster.at(index), setting)
    // The cluster has been founded: the roll call is explored by tests of its own.
    const storage = this.process.disk.mount()
    const seen = stage.cluster.members.map(({ index: other }) => incarnationOf(other, stage.durable))
    storage.append({ number: FOUNDED, payload: codecOf(Founded).encode({ founding: 1, seen, lost: false }, 0) })
    storage.sync(
      () => {},
      () => {},
    )
    this.#world.runUntil(SYNC_MS)
  }

  /** What has been sent so far. */
  get sent(): readonly Sent[] {
    return this.#network.sent
  }

  /** What it waits for; null when for nothing. */
  get waits(): 'sync' | 'timer' | null {
    const next = this.#world.next()
    return next === null ? null : next - this.#world.now < SYNC_MS ? 'sync' : 'timer'
  }

  put(input: Input): void {
    const { process } = this
    if (input.kind === 'boot') process.boot()
    else if (input.kind === 'crash') process.crash(input.kept)
    else if (input.kind === 'submit') this.#submit(input.task)
    else if (input.kind === 'tick') this.#tick()
    else for (const frame of input.frames) process.receive(this.#stage.cluster.at(input.from), frame)
    this.#settle()
  }

  /** All that this node is, as far as it can be seen, and the time that it has. */
  get state(): string {
    const { process } = this
    const time = `${this.#local(this.#world.now)} ${this.#world.pending().map((time) => this.#local(time))}`
    return `${time} ${this.#looks()} ${process.life} ${process.disk.generation} ${process.disk.marks.synced}`
  }

  /** What can be seen of it, time apart. */
  #looks(): string {
    const { node, replica, store, disk, failure } = this.process
    const at = (time: number) => `${this.#local(time)}`
    const records = disk.records.map(({ number, payload }) => `${number}.${payload.join('.')}`)
    return `${node?.memory} ${failure ?? ''} ${portrait(replica, at)} ${store?.hash()} ${records}`
  }

  /** A moment as the node counts it. */
  #local(time: number): number {
    return Math.round((time + this.process.clockSkew) * 1000) / 1000
  }

  #submit(task: number): void {
    const { process } = this
    const { node, life } = process
    const { key, value } = this.#stage.tasks[task]!
    let open = true
    const end = (outcome: Outcome | null) => {
      if (open) this.answered.push({ task, outcome })
      open = false
    }
    process.onCrash.push((ended) => ended === life && end(null))
    node!.submit(value === null ? get(key) : put(key, encoder.encode(value)), '', end)
  }

  #tick(): void {
    if (this.waits === 'sync') {
      // The disk takes no time that the node could tell.
      this.process.clockSkew -= this.#world.next()! - this.#world.now
      this.#world.runUntil(this.#world.next()!)
      return
    }
    const looks = this.#looks()
    const sent = this.sent.length
    for (let idle = 0; idle < IDLE && this.waits === 'timer'; idle++) {
      this.#world.runUntil(this.#world.next()!)
      if (this.sent.length > sent || this.#looks() !== looks) return
    }
  }

  /** Lets it finish what needs no waiting. */
  #settle(): void {
    this.#world.runUntil(this.#world.now)
  }
}

/** The name of a member's first memory. */
function incarnationOf(index: number, durable: boolean): number {
  return new Disk(new World(new Steady(index)), durable).mount().incarnation
}
