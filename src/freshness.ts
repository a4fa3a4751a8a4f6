/**
 * Whether the disk of a node is the newest that it has had, or an older image of it: whole, each byte right, and without
 * votes on which others have relied since.
 *
 * A node with a disk counts its *epochs*: every so often, if it has recorded something, it begins another one and tells the
 * others, who record it. A node that comes back from its disk asks them before it takes part, and one that is told of a
 * later epoch than its disk has knows that it has forgotten what came after. An epoch that all others have on disk is
 * known by some member of each quorum of the others that it could act with; so it waits for as many as make a majority
 * with it, and no more: without them nothing could be decided here anyway. What an image lacks of its own last epoch, or
 * of one that did not reach the others, cannot be told.
 */
import type { Node } from './node.ts'
import type { NodeId } from './node-id.ts'
import { Epoch, Epochs } from './node-messages.ts'

/** How long until a node that has just started asks again. */
const ASK_INTERVAL_MS = 100

/** How often all others are asked before a majority is enough: those who know may be the last to answer. */
const ASKED = 3

/** By how much a node that has regained its memory goes above all epochs it hears of: others may know later ones. */
const LEAP = 2 ** 20

/** Of an epoch: nobody has answered, or one who has forgotten. */
const UNKNOWN = -1

/** What a node does once it knows. */
export interface Verdicts {
  /** The disk is as new as any that the others know of. */
  fresh(): void
  /** Others know of a later epoch than this node's own. */
  stale(known: number): void
}

export class Freshness {
  /** By member number: the epoch of this node, and the last that was heard of each other one. */
  epochs: readonly number[]
  /** Whether the node waits for the others before it takes part. */
  comparing = false
  /** Whether it has found out in this life that its disk is an older image. */
  outdated = false
  readonly #node: Node
  readonly #intervalMs: number
  readonly #verdicts: Verdicts
  /** By member number: the last epoch of this node that it has on disk, as far as it has said so in this life. */
  readonly #known: number[]
  /** How often it has asked. */
  #asked = 0
  /** The latest epoch of this node that anybody has named. */
  #latest = 0
  /** Whether something was recorded in this epoch. */
  #recorded = false
  /** Whether this life took over its memory from the others: then it is newer than all that anybody names. */
  #renewed = false

  /** @param intervalMs how often another epoch begins; 0 for a node that counts none and compares nothing */
  constructor(node: Node, intervalMs: number, verdicts: Verdicts) {
    this.#node = node
    this.#intervalMs = intervalMs
    this.#verdicts = verdicts
    this.epochs = node.cluster.members.map((member) => (member === node.id ? 1 : 0))
    this.#known = this.epochs.map(() => UNKNOWN)
  }

  /** This node's own epoch. */
  get epoch(): number {
    return this.epochs[this.#node.id.index]!
  }

  /** The last epoch of this node that a member has on disk, as far as it has said so in this life; -1 for none. */
  knownTo({ index }: NodeId): number {
    return this.#known[index]!
  }

  /** The members that have not been compared with. */
  get awaited(): NodeId[] {
    return this.comparing ? this.#node.peers.filter(({ index }) => this.#known[index] === UNKNOWN) : []
  }

  /** Compares with the others; then one of the verdicts is called, once. */
  compare(): void {
    this.comparing = this.#intervalMs > 0 && this.#node.peers.length > 0
    if (this.comparing) this.#ask()
    else this.#verdicts.fresh()
  }

  /**
   * Begins to count, once the node takes part. Who comes back begins another epoch at once: lives may be short. One that has
   * forgotten asks how far it has been.
   */
  begin(): void {
    if (this.#intervalMs === 0 || this.#node.peers.length === 0) return
    if (this.#node.memory === 'kept') this.#record(this.#node.id, this.epoch + 1)
    if (this.#node.memory !== 'blank') this.#tell(this.#node.peers, true)
    this.#await()
  }

  /** Something was recorded. */
  note(): void {
    this.#recorded = true
  }

  /** A memory that was lost has been taken over from the others: this one is newer than all that was before. */
  renew(): void {
    this.#renewed = true
    if (this.#intervalMs > 0) this.#rise()
  }

  onEpoch(m: Epoch, from: NodeId): void {
    // Who still gathers does not know what its memory is worth, nor whether it belongs to this cluster.
    if (!this.comparing && !this.#node.memory) return
    const last = this.epochs[from.index]!
    // Who has fallen back, or says that it has forgotten, has also forgotten what it knew of others.
    const remembers = m.epoch > 0 && m.epoch >= last
    this.#known[from.index] = remembers ? m.known : UNKNOWN
    this.#latest = Math.max(this.#latest, m.known)
    if (m.epoch > last) this.#record(from, m.epoch)
    if (m.asks) this.#tell([from], false)
    if (m.known > this.epoch && this.#renewed) this.#rise()
    else if (m.known > this.epoch && this.#remembers) {
      this.comparing = false
      this.outdated = true
      this.#verdicts.stale(m.known)
    } else this.#settle()
  }

  recoverEpochs({ epochs }: Epochs): void {
    this.epochs = epochs
  }

  /** Ends the comparison once a majority with this node knows of no later epoch, and all have answered or had the time to. */
  #settle(): void {
    const { cluster } = this.#node
    const compared = 1 + this.#known.filter((known) => known !== UNKNOWN).length
    if (!this.comparing || compared <= cluster.size / 2) return
    if (compared < cluster.size && this.#asked <= ASKED) return
    this.comparing = false
    this.#verdicts.fresh()
  }

  /** Whether what this node says of its own memory can be relied on. */
  get #remembers(): boolean {
    const { memory } = this.#node
    return this.comparing || memory === 'blank' || memory === 'kept'
  }

  /** Goes above all epochs of this node that anybody has named. */
  #rise(): void {
    this.#record(this.#node.id, Math.max(this.epoch, this.#latest) + LEAP)
  }

  #ask(): void {
    this.#asked += 1
    this.#settle()
    if (!this.comparing) return
    this.#tell(this.#node.peers, true)
    this.#node.setTimer(ASK_INTERVAL_MS, () => this.#ask())
  }

  #await(): void {
    this.#node.setTimer(this.#intervalMs, () => {
      if (this.#recorded && this.#remembers) this.#record(this.#node.id, this.epoch + 1)
      this.#recorded = false
      const behind = this.#node.peers.filter(({ index }) => this.#known[index]! < this.epoch)
      this.#tell(behind, true)
      this.#await()
    })
  }

  #record(member: NodeId, epoch: number): void {
    const recorded = this.#recorded
    this.epochs = this.epochs.with(member.index, epoch)
    this.#node.persist(Epochs, { epochs: [...this.epochs] })
    // Else epochs alone would bring about the next ones.
    this.#recorded = recorded
  }

  #tell(to: readonly NodeId[], asks: boolean): void {
    const epoch = this.#remembers ? this.epoch : 0
    for (const member of to) this.#node.send(member, Epoch, { epoch, known: this.epochs[member.index]!, asks })
  }
}
