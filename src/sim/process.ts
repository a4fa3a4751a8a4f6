/** A simulated process: it boots a node on its disk, and it can crash, pause and go on. */

import type { Command } from '../command.ts'
import { Node } from '../node.ts'
import type { Cluster, NodeId } from '../node-id.ts'
import type { NodeOptions } from '../node-parts.ts'
import type { Protocol, Replica } from '../replica.ts'
import type { Outcome, ReadMode } from '../request.ts'
import { type Clock, type Log, SILENT, type StoredRecord } from '../seams.ts'
import { KeyValueStore } from '../store/kv-store.ts'
import type { StateMachine } from '../store/state-machine.ts'
import { type Copy, Disk, DiskError } from './disk.ts'
import type { Endpoint, Network } from './network.ts'
import type { Scheduled, World } from './world.ts'

/** How long a piece of a snapshot is: about two keys. */
const PIECE_BYTES = 48

/** What the processes of a run share. */
export interface Setting {
  readonly world: World
  readonly network: Network
  readonly cluster: Cluster
  readonly protocol: Protocol
  readonly options: unknown
  readonly nodeOptions: NodeOptions
  readonly durable: boolean
  /** Makes the log of a node; silent when it is not wanted. */
  readonly logOf: ((id: NodeId) => Log) | null
}

/** Snapshots take several messages also where the state is small. */
class SmallPieces extends KeyValueStore {
  override snapshot() {
    return super.snapshot(PIECE_BYTES)
  }
}

export class Process implements Endpoint {
  readonly id: NodeId
  readonly disk: Disk
  /** Counts the boots. */
  life = 0
  node: Node | null = null
  replica: Replica | null = null
  /** What it was when it died, until it starts again. */
  remains: Replica | null = null
  /** The node's state machine, its sessions included. */
  store: StateMachine | null = null
  paused = false
  /** Whether an operator has ordered it to begin with a majority: once, so with its first memory. */
  ordered = false
  /** Whether its state may have changed since an invariant looked: in a turn or a sync, by a boot or a crash. */
  touched = false
  /** Added to the clock that the node sees. */
  clockSkew = 0
  /** How fast the node's clock runs. */
  clockRate = 1
  /** What the node's clock shows for ever, or null while it goes on. */
  clockStands: number | null = null
  /** How much longer each of its turns takes to begin. */
  lagMs = 0
  /** A defect that stopped the node. */
  failure: unknown = null
  /** Earlier states of its disk, each with the epoch that had begun then, where a fault wants them. */
  readonly images: { readonly epoch: number; readonly copy: Copy }[] = []
  /** Called when the process crashes, with the life that ended. */
  readonly onCrash: ((life: number) => void)[] = []
  readonly #setting: Setting
  /** Told when a connection of a peer is gone. */
  #watcher: (peer: NodeId) => void = () => {}
  #deferred: (() => void)[] = []
  /** Outputs until the process crashes in the middle of a turn; negative when it is not going to. */
  #fuse = -1
  #retiring = false
  /** Whether it has got its memory back in this life. */
  #regained = false

  constructor(id: NodeId, setting: Setting) {
    this.id = id
    this.#setting = setting
    this.disk = new Disk(setting.world, setting.durable, id.name)
    setting.network.attach(this)
  }

  get protocol(): Protocol {
    return this.#setting.protocol
  }

  get alive(): boolean {
    return this.node !== null
  }

  /** Whether it remembers, and would after a crash: it may have its memory back, and that not on disk yet. */
  get remembers(): boolean {
    const { memory } = this.node ?? {}
    const { appended, synced } = this.disk.marks
    return (memory === 'blank' || memory === 'kept') && !(this.#regained && this.disk.durable && synced < appended)
  }

  /** Whether it is going to end: within its next outputs, or when it has handed over. */
  get doomed(): boolean {
    return this.#fuse >= 0 || this.#retiring
  }

  /** What its clock shows as long as it goes on. */
  get clock(): number {
    return this.#setting.world.now * this.clockRate + this.clockSkew
  }

  boot(): void {
    const { world, network, cluster, protocol, options, nodeOptions, logOf } = this.#setting
    const life = ++this.life
    this.#fuse = -1
    this.#retiring = false
    this.paused = false
    this.touched = true
    const storage = this.disk.mount()
    const send = (to: NodeId, frames: readonly Uint8Array[]) =>
      this.life === life && this.#burn() && network.send(this.id, to, frames)
    const parts = {
      transport: {
        send,
        reject: (from: NodeId, reason: string) => this.#fail(new Error(`${from.name}: ${reason}`)),
        watch: (lost: (peer: NodeId) => void) => {
          this.#watcher = lost
        },
      },
      clock: this.#clock(life),
      random: world.chooser.own(`${this.id.name} in life ${life}`),
      storage: {
        ...storage,
        get checkpointDue() {
          return storage.checkpointDue
        },
        checkpoint: (records: Iterator<StoredRecord>, done: () => void, failed: (error: unknown) => void) => {
          const fail = (error: unknown) => this.#act(life, () => failed(error), true)
          storage.checkpoint(records, () => this.#act(life, done, false), fail)
        },
        sync: (done: () => void, failed: (error: unknown) => void) => {
          const fail = (error: unknown) => this.#act(life, () => failed(error), true)
          if (this.#burn()) storage.sync(() => this.#act(life, done, true), fail)
        },
      },
      stateMachine: new SmallPieces(),
      log: logOf?.(this.id) ?? SILENT,
      onFailure: (error: unknown) => this.#fail(error),
    }
    const bootstrap = nodeOptions.bootstrap || (this.ordered && this.disk.generation === 0)
    this.node = new Node(this.id, cluster, parts, { ...nodeOptions, bootstrap })
    this.store = this.node.store
    this.replica = protocol.create(this.node, options)
    this.#regained = false
    const regain = this.node.regain.bind(this.node)
    this.node.regain = () => {
      this.#regained = true
      regain()
    }
    this.node.start(this.replica)
  }

  /** Ends at once, with what is on disk, and with the first `kept` records that are not safe there. */
  crash(kept?: number): void {
    if (!this.node) return
    const ended = this.life++
    this.#fuse = -1
    this.#retiring = false
    this.touched = true
    this.node.stop()
    this.node = null
    this.remains = this.replica
    this.replica = null
    this.#deferred = []
    this.disk.crash(kept)
    this.#setting.network.hangUp(this.id, ended)
    for (const tell of this.onCrash) tell(ended)
  }

  /** Ends within its next outputs: between two peers' flushes, or before a sync. */
  crashSoon(outputs: number): void {
    this.#fuse = outputs
  }

  /** Ends when the others can go on without it, or after `patienceMs`. */
  retire(patienceMs: number): void {
    const { life, node } = this
    const { world } = this.#setting
    const end = () => this.#act(life, () => this.crash(), false)
    this.#retiring = true
    world.after(patienceMs, end)
    node?.setTimer(0, () => this.replica?.retire?.(() => world.after(0, end)))
  }

  pause(): void {
    this.paused = true
  }

  /** Goes on: whatever came up meanwhile happens now. */
  resume(): void {
    this.paused = false
    const deferred = this.#deferred
    this.#deferred = []
    for (const run of deferred) {
      run()
      // Each is a step of its own: invariants must not see the work of several turns as that of one.
      this.#setting.world.afterStep()
    }
  }

  receive(from: NodeId, frame: Uint8Array): void {
    if (this.paused) this.#act(this.life, () => this.node?.receive(from, frame), false)
    else this.node?.receive(from, frame)
  }

  lost(peer: NodeId): void {
    this.#act(this.life, () => this.#watcher(peer), false)
  }

  /** Hands a client's command to the node, when it goes on if it is paused. */
  submit(command: Command, respond: (outcome: Outcome) => void, read: ReadMode = ''): void {
    this.#act(this.life, () => this.node?.submit(command, read, respond), false)
  }

  /**
   * Does something in this life of the node, later if it is paused, never if it has crashed.
   * @param touches whether it may change the state; what only comes in waits for a turn
   */
  #act(life: number, run: () => void, touches: boolean): void {
    if (this.life !== life || !this.node) return
    if (this.paused) {
      this.#deferred.push(() => this.#act(life, run, touches))
      return
    }
    if (touches) this.touched = true
    run()
  }

  /** False when this output did not get out any more. */
  #burn(): boolean {
    if (this.#fuse < 0) return true
    if (this.#fuse-- > 0) return true
    this.crash()
    return false
  }

  #fail(error: unknown): void {
    // A server whose disk does not work ends, and says so.
    if (error instanceof DiskError) {
      this.crash()
      return
    }
    this.touched = true
    this.failure ??= error
  }

  #clock(life: number): Clock {
    const { world } = this.#setting
    const turns = world.chooser.of(`turns ${this.id.name}`)
    return {
      now: () => this.clockStands ?? this.clock,
      setAlarm: (delayMs, ring) => world.after(delayMs / this.clockRate, () => this.#act(life, ring, false)),
      clearAlarm: (alarm) => {
        ;(alarm as Scheduled).cancelled = true
      },
      soon: (run) => world.after(this.lagMs + turns.between(0, 0.2), () => this.#act(life, run, true)),
    }
  }
}
