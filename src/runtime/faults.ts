/**
 * Faults by request: a wrapper around a transport that loses and delays what it is told to. Faults are independent of
 * each other: each has its own end, and what one stops striking another may still strike. The same fault on the same
 * target begins anew. Memory and HTTP are not touched.
 */
import type { Cluster, NodeId } from '../node-id.ts'
import type { Clock, Log, Random, Receive, Transport } from '../seams.ts'
import type { ConnectedTransport } from './connected-transport.ts'
import { DelayLine } from './delay-line.ts'

/** The kinds of faults. */
export type FaultName = 'crash' | 'drop' | 'slow' | 'flaky' | 'partition'

interface Fault {
  readonly name: FaultName
  /** What it strikes, for people: `1.2`, or the nodes of one side. */
  readonly target: string
  readonly untilMs: number
  readonly peers: ReadonlySet<NodeId>
  /** Whether it strikes what comes in, too. */
  readonly bothWays: boolean
  /** The chance that a frame is lost, 0 to 1. */
  readonly loss: number
  readonly delayMs: number
}

/** What of a fault differs from one that loses everything sent. */
type Nature = Partial<Pick<Fault, 'bothWays' | 'loss' | 'delayMs'>>

/** Frames that wait because a link is slow, and the connection that they belong to. */
interface Held {
  readonly frames: readonly Uint8Array[]
  readonly connection: object
}

/** Whose faults these are, and what they are made with. */
export interface FaultOptions {
  readonly cluster: Cluster
  readonly self: NodeId
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Bytes that may wait for one peer; beyond, frames are dropped. */
  readonly peerBytes: number
}

const CHANCES = 2 ** 32

/** What tells faults apart: the name, and who is struck, in the members' order. */
function keyOf(name: FaultName, peers: Iterable<NodeId>): string {
  return [name, ...Array.from(peers, (peer) => peer.name)].join(' ')
}

export class Faults implements Transport {
  /** Frames lost to faults, sent or received; those lost on a slow link with its connection are not counted. */
  lost = 0
  readonly #inner: ConnectedTransport
  readonly #options: FaultOptions
  /** By name and those who are struck, so that either side of a partition names it. */
  readonly #faults = new Map<string, Fault>()
  readonly #lines = new Map<NodeId, DelayLine<Held>>()

  constructor(inner: ConnectedTransport, options: FaultOptions) {
    this.#inner = inner
    this.#options = options
  }

  /** The node neither sends nor receives for so many seconds; for ever if they are not positive. So do all others. */
  crash(seconds: number): void {
    this.#add('crash', '', this.#options.cluster.members, seconds, { bothWays: true })
    for (const line of this.#lines.values()) line.clear()
  }

  /** What the node sends to `to` is lost. */
  drop(to: NodeId, seconds: number): void {
    this.#add('drop', to.name, [to], seconds)
  }

  /** What the node sends to `to` leaves so much later, in order; what waits when that ends leaves then. */
  slow(to: NodeId, delayMs: number, seconds: number): void {
    this.#add('slow', to.name, [to], seconds, { loss: 0, delayMs })
    this.#lines.get(to)?.hasten(delayMs)
  }

  /** Each frame that the node sends to `to` is lost by this chance. */
  flaky(to: NodeId, chance: number, seconds: number): void {
    this.#add('flaky', to.name, [to], seconds, { loss: chance })
  }

  /** Nothing passes between this node and those on the other side, both ways. `ids` is one of the two sides. */
  partition(ids: readonly NodeId[], seconds: number): void {
    const side = this.#options.cluster.members.filter((id) => ids.includes(id))
    this.#add('partition', side.map(({ name }) => name).join(' '), this.#beyond(side), seconds, { bothWays: true })
  }

  /**
   * Ends all faults, or those of one name, or those on one target: the links to a node, or the partition of which these are
   * either side. Gives what has ended, as `list` does.
   */
  heal(name?: FaultName, target?: NodeId | readonly NodeId[]): string[] {
    this.#expire()
    const ended: string[] = []
    for (const [key, fault] of this.#faults) {
      if (name !== undefined && fault.name !== name) continue
      if (target !== undefined && !this.#isOn(fault, target)) continue
      ended.push(this.#describe(fault))
      this.#end(key, fault, 'healed')
    }
    return ended
  }

  /** The faults that are on, a line each. */
  list(): string[] {
    this.#expire()
    return [...this.#faults.values()].map((fault) => this.#describe(fault))
  }

  /** The kinds of those that are on, one for each. */
  get kinds(): FaultName[] {
    this.#expire()
    return [...this.#faults.values()].map(({ name }) => name)
  }

  /** A network that loses frames does not say so: what a fault has struck counts as sent. */
  send(to: NodeId, frames: readonly Uint8Array[]): boolean {
    let kept = frames
    let delayMs = 0
    this.#expire()
    for (const { peers, loss, delayMs: more } of this.#faults.values()) {
      if (!peers.has(to)) continue
      if (loss > 0) kept = kept.filter(() => !this.#strikes(loss))
      delayMs += more
    }
    this.lost += frames.length - kept.length
    if (kept.length === 0) return true
    const line = this.#lines.get(to)
    if (delayMs > 0 || (line && line.size > 0)) return this.#hold(to, kept, delayMs)
    return this.#inner.send(to, kept)
  }

  reject(from: NodeId, reason: string): void {
    this.#inner.reject(from, reason)
  }

  watch(lost: (peer: NodeId) => void): void {
    this.#inner.watch?.(lost)
  }

  /** What to call instead of `receive`. */
  filter(receive: Receive): Receive {
    return (from, frame) => {
      this.#expire()
      for (const { bothWays, peers } of this.#faults.values()) {
        if (!bothWays || !peers.has(from)) continue
        this.lost += 1
        return
      }
      receive(from, frame)
    }
  }

  /** Loses what is held back; nothing rings afterwards. */
  close(): void {
    for (const line of this.#lines.values()) line.clear()
  }

  /** Those on the other side of a partition: nothing passes between this node and them. */
  #beyond(side: readonly NodeId[]): readonly NodeId[] {
    const { cluster, self } = this.#options
    return cluster.members.filter((id) => side.includes(id) !== side.includes(self))
  }

  #isOn({ name, target, peers }: Fault, wanted: NodeId | readonly NodeId[]): boolean {
    if ('name' in wanted) return name !== 'partition' && target === wanted.name
    return name === 'partition' && keyOf(name, peers) === keyOf(name, this.#beyond(wanted))
  }

  #add(name: FaultName, target: string, peers: readonly NodeId[], seconds: number, nature: Nature = {}): void {
    const untilMs = seconds > 0 ? this.#options.clock.now() + seconds * 1000 : Number.POSITIVE_INFINITY
    const whole = { bothWays: false, loss: 1, delayMs: 0 }
    this.#faults.set(keyOf(name, peers), { ...whole, ...nature, name, target, untilMs, peers: new Set(peers) })
    const { loss: chance, delayMs } = { ...whole, ...nature }
    this.#options.log.warn('fault', { fault: name, target, seconds, chance, delayMs })
  }

  #expire(): void {
    if (this.#faults.size === 0) return
    const now = this.#options.clock.now()
    for (const [key, fault] of this.#faults) if (fault.untilMs <= now) this.#end(key, fault, 'expired')
  }

  #end(key: string, { name: fault, target, delayMs, peers }: Fault, how: 'healed' | 'expired'): void {
    this.#faults.delete(key)
    if (delayMs > 0) for (const peer of peers) this.#lines.get(peer)?.hasten(0)
    this.#options.log.info('fault over', { fault, target, how })
  }

  #strikes(chance: number): boolean {
    return this.#options.random.below(CHANCES) < chance * CHANCES
  }

  #hold(to: NodeId, frames: readonly Uint8Array[], delayMs: number): boolean {
    const connection = this.#inner.connection(to)
    if (!connection) return false
    let line = this.#lines.get(to)
    if (!line) {
      const { clock, peerBytes } = this.#options
      line = new DelayLine(clock, peerBytes, (held) => this.#release(to, held))
      this.#lines.set(to, line)
    }
    const bytes = frames.reduce((sum, { length }) => sum + length, 0)
    const held = line.push({ frames, connection }, bytes, delayMs)
    if (!held) this.lost += frames.length
    return held
  }

  /** What was held back goes on its way, unless nothing passes there now. */
  #release(to: NodeId, { frames, connection }: Held): void {
    this.#expire()
    if (this.#isCut(to)) this.lost += frames.length
    else if (this.#inner.connection(to) === connection) this.#inner.send(to, frames)
  }

  #isCut(to: NodeId): boolean {
    return [...this.#faults.values()].some(({ peers, loss }) => loss === 1 && peers.has(to))
  }

  #describe({ name, target, untilMs, loss, delayMs }: Fault): string {
    const what = target === '' ? name : `${name} ${target}`
    const how = name === 'slow' ? `, ${delayMs} ms` : name === 'flaky' ? `, chance ${loss}` : ''
    const leftMs = untilMs - this.#options.clock.now()
    const until = leftMs === Number.POSITIVE_INFINITY ? 'for ever' : `${(leftMs / 1000).toFixed(1)} s left`
    return `${what}${how}, ${until}`
  }
}
