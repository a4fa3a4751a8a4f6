/** A node on a bench: its clock, disk and wires are in the test's hands. */
import { codecOf } from '../../src/codec/compile.ts'
import { FRAME_HEADER, frameNumber, framePayload, seal } from '../../src/codec/frame.ts'
import type { MessageClass, ValuesOf } from '../../src/codec/schema.ts'
import { Node } from '../../src/node.ts'
import { Cluster, type NodeId } from '../../src/node-id.ts'
import * as nodeMessages from '../../src/node-messages.ts'
import { NODE_DEFAULTS, type NodeOptions } from '../../src/node-parts.ts'
import { Xoshiro } from '../../src/parts/xoshiro.ts'
import { PROTOCOL_NUMBERS } from '../../src/registry.ts'
import { ANNOUNCE_INTERVAL_MS } from '../../src/roll-call.ts'
import { SILENT } from '../../src/seams.ts'
import { KeyValueStore } from '../../src/store/kv-store.ts'
import { HandClock } from './hand-clock.ts'
import { HandDisk } from './hand-disk.ts'
import { Beat, Noted, Ping, Probe } from './probe.ts'

const NUMBERS = new Map<MessageClass, number>([
  [nodeMessages.Announce, 0],
  [nodeMessages.Answer, 1],
  [nodeMessages.Epoch, 2],
  [nodeMessages.Forward, 3],
  [Beat, PROTOCOL_NUMBERS],
  [Ping, PROTOCOL_NUMBERS + 1],
])

/** A message as it travels. */
export function frameOf<C extends MessageClass>(type: C, values: ValuesOf<C>, founding = 0): Uint8Array {
  return seal(codecOf(type).encode(values, FRAME_HEADER), NUMBERS.get(type)!, founding)
}

/** What is in a frame: the class's name and the values. */
export function contentOf(frame: Uint8Array): { name: string; values: Readonly<Record<string, unknown>> } {
  const entry = [...NUMBERS].find(([, number]) => number === frameNumber(frame))
  if (!entry) throw new Error(`no message has number ${frameNumber(frame)}`)
  const values = codecOf(entry[0]).decode(framePayload(frame)) as Readonly<Record<string, unknown>>
  return { name: entry[0].name, values: { ...values } }
}

export interface BenchOptions {
  readonly name?: string
  readonly cluster?: Cluster
  readonly clock?: HandClock
  readonly disk?: HandDisk
  readonly durable?: boolean
  readonly node?: Partial<NodeOptions>
  readonly seed?: number
}

/** One write of a node: to whom, and its frames. */
export interface Write {
  readonly to: NodeId
  readonly frames: readonly Uint8Array[]
}

export class Bench {
  readonly cluster: Cluster
  readonly clock: HandClock
  readonly disk: HandDisk
  readonly node: Node
  readonly probe: Probe
  /** What left, and is not taken yet. */
  readonly writes: Write[] = []
  /** The class of the probe's records. */
  readonly noted = Noted
  readonly rejected: string[] = []
  /** What was logged as an error. */
  readonly errors: string[] = []
  readonly failures: unknown[] = []
  /** Tells the node that a peer is not heard any more. */
  lose: (peer: NodeId) => void = () => {}
  /** Whether what is sent to a peer can leave at all. */
  reaches: (peer: NodeId) => boolean = () => true
  /** Called at each write. */
  onWrite: (write: Write) => void = () => {}

  constructor(options: BenchOptions = {}) {
    this.cluster = options.cluster ?? new Cluster(['1.1', '1.2', '1.3'])
    this.clock = options.clock ?? new HandClock()
    this.disk =
      options.disk ?? new HandDisk(options.durable ?? false, 1 + this.cluster.find(options.name ?? '1.1')!.index)
    const parts = {
      transport: {
        send: (to: NodeId, frames: readonly Uint8Array[]) => {
          if (!this.reaches(to)) return false
          this.writes.push({ to, frames })
          this.onWrite({ to, frames })
          return true
        },
        reject: (from: NodeId, reason: string) => {
          this.rejected.push(`${from.name}: ${reason}`)
        },
        watch: (lost: (peer: NodeId) => void) => {
          this.lose = lost
        },
      },
      clock: this.clock,
      random: new Xoshiro(options.seed ?? 1),
      storage: this.disk,
      stateMachine: new KeyValueStore({ multiversion: false }),
      log: { ...SILENT, error: (event: string) => this.errors.push(event) },
      onFailure: (error: unknown) => {
        this.failures.push(error)
      },
    }
    const id = this.cluster.find(options.name ?? '1.1')!
    this.node = new Node(id, this.cluster, parts, { ...NODE_DEFAULTS, epochMs: 0, ...options.node })
    this.probe = new Probe(this.node)
  }

  /** Starts as in a cluster that has just begun, with what is to be written for that on disk; nothing is left over. */
  start(): this {
    this.node.start(this.probe)
    this.#finish()
    const [peer] = this.node.peers
    if (peer && !this.node.memory) {
      const seen = this.cluster.members.map((member) =>
        member === this.node.id ? this.disk.incarnation : 1 + member.index,
      )
      this.announce(peer.name, seen[peer.index]!, seen, seen[0]!)
      this.#finish()
      this.clock.pass(ANNOUNCE_INTERVAL_MS)
      this.clock.settle()
    }
    this.probe.take()
    this.writes.length = 0
    return this
  }

  peer(name: string): NodeId {
    return this.cluster.find(name)!
  }

  /** Lets a message arrive. */
  hear<C extends MessageClass>(from: string, type: C, values: ValuesOf<C>): void {
    this.node.receive(this.peer(from), frameOf(type, values, this.node.founding.name))
  }

  /** Lets an announcement arrive that answers what this node announced to the peer last; `founding` is 0 of one that gathers. */
  announce(from: string, incarnation: number, seen: readonly number[], founding: number): void {
    const asked = this.writes
      .filter(({ to }) => to.name === from)
      .flatMap(({ frames }) => frames.map(contentOf))
      .findLast(({ name }) => name === 'Announce')
    if (!asked) throw new Error(`nothing was announced to ${from}`)
    const echo = Number(asked.values.challenge)
    this.hear(from, nodeMessages.Announce, { incarnation, seen, founding, challenge: 1, echo })
  }

  #finish(): void {
    this.clock.settle()
    while (this.disk.inFlight > 0) {
      this.disk.finish()
      this.clock.settle()
    }
  }

  /** What left since the last call, as `1.2: Ping 1, Ping 2`: one line per write. */
  sent(): string[] {
    return this.writes.splice(0).map(({ to, frames }) => `${to.name}: ${frames.map(lineOf).join(', ')}`)
  }
}

/** A bench whose node has started. */
export function startedBench(options: BenchOptions = {}): Bench {
  return new Bench(options).start()
}

function lineOf(frame: Uint8Array): string {
  const { name, values } = contentOf(frame)
  return 'n' in values ? `${name} ${String(values.n)}` : name
}
