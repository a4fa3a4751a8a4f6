/**
 * Whether the disk of a node is the newest that it has had, or an older image of it: whole, each byte right, and without
 * votes on which others have relied since.
 *
 * A node counts its *epochs*: every so often, if it has recorded something, it begins another one and tells the others, who
 * record it. A node that comes back from its disk asks them before it takes part, and one that is told of a later epoch than
 * its disk has knows that it has forgotten what came after. It waits for all, and in the end for no more than a majority with
 * itself: an epoch that all others have on disk is known by some member of each. They tell each other, too, so who was away
 * or has forgotten knows them again. What an image lacks of its own last epoch cannot be told.
 */
import type { RecordClass } from './codec/schema.ts'
import type { Node } from './node.ts'
import type { NodeId } from './node-id.ts'
import { Epoch, Epochs } from './node-messages.ts'
import type { NodeOptions } from './node-parts.ts'

/** How long until a node that has just started asks again. */
const ASK_INTERVAL_MS = 100

/** By how much a node that has regained its memory goes above all epochs it hears of: others may know later ones. */
const LEAP = 2 ** 20

/**
 * An epoch that is so far above the last that is known of its node, or above all that time has room for, is nobody's: one
 * takes a second or so, eight years in all, and a memory that was lost and regained counts for a million.
 */
const MOST_AHEAD = 2 ** 28
const MOST = 2 ** 40

/** Of an epoch: nobody has answered, or one who has forgotten. */
const UNKNOWN = -1

/** The founding that a node is of, and what it does once it knows. */
export interface Origin {
  /** Its name. */
  readonly founding: number
  /** The table that its cluster started with. */
  readonly seen: readonly number[]
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
  readonly #options: Pick<NodeOptions, 'epochMs' | 'compareMs'>
  readonly #origin: Origin
  /** By member number: the last epoch of this node that it has on disk, as far as it has said so in this life. */
  readonly #known: number[]
  /** The members that have said in this life what they know, or that they have forgotten. */
  readonly #answered = new Set<NodeId>()
  /** Those of them, of this founding, that have forgotten: their disks, or what came after an older image of them. */
  readonly #forgetful = new Set<NodeId>()
  /** Whether a majority is enough. */
  #hurries = false
  /** The latest epoch of this node that anybody has named. */
  #latest = 0
  /** Whether something was recorded in this epoch. */
  #recorded = false
  /** Whether this life took over its memory from the others: then it is newer than all that anybody names. */
  #renewed = false

  constructor(node: Node, options: Pick<NodeOptions, 'epochMs' | 'compareMs'>, origin: Origin) {
    this.#node = node
    this.#options = options
    this.#origin = origin
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

  /** The members that have not been compared with, and may be. */
  get awaited(): NodeId[] {
    const isAwaited = (id: NodeId) => this.#known[id.index] === UNKNOWN && !this.#forgetful.has(id)
    return this.comparing ? this.#node.peers.filter(isAwaited) : []
  }

  /** The members that cannot be compared with, since they have forgotten. */
  get forgetful(): NodeId[] {
    return this.comparing ? this.#node.peers.filter((id) => this.#forgetful.has(id)) : []
  }

  /** Whether so many have forgotten that no majority remembers the cluster: the node waits in vain. */
  get isLost(): boolean {
    const { size } = this.#node.cluster
    return size - this.forgetful.length <= size / 2
  }

  /** Compares with the others; then says which it is, once. */
  compare(): void {
    this.comparing = this.#counts
    if (!this.comparing) {
      this.#origin.fresh()
      return
    }
    this.#ask()
    this.#node.setTimer(this.#options.compareMs, () => {
      this.#hurries = true
      this.#settle()
    })
  }

  /**
   * Begins to count, once the node takes part. Who comes back begins another epoch at once: lives may be short. One that has
   * forgotten asks how far it has been.
   */
  begin(): void {
    if (!this.#counts) return
    if (this.#node.memory === 'kept') this.#advance(this.epoch + 1)
    if (this.#node.memory !== 'blank') this.#tell(this.#node.peers, true)
    this.#await()
  }

  /** Something was recorded. Epochs alone do not bring about the next ones. */
  note(type: RecordClass): void {
    this.#recorded ||= type !== Epochs
  }

  /** A memory that was lost has been taken over from the others: this one is newer than all that was before. */
  renew(): void {
    this.#renewed = true
    if (this.#counts) this.#rise()
  }

  /** Of who is not `related`, being of another founding, nothing counts but that it has answered. */
  onEpoch({ epochs, asks }: Epoch, from: NodeId, related: boolean): void {
    if (related && epochs.some((epoch, member) => !this.#isPossible(epoch, member))) return
    const [theirs = 0, known = 0] = related ? [epochs[from.index], epochs[this.#node.id.index]] : []
    // Who has fallen back, or says that it has forgotten, has also forgotten what it knew of others.
    const remembers = theirs > 0 && theirs >= this.epochs[from.index]!
    this.#known[from.index] = remembers ? known : UNKNOWN
    this.#answered.add(from)
    this.#count(from, related && !remembers)
    this.#latest = Math.max(this.#latest, known)
    if (related) this.#learn(epochs)
    if (asks) this.#tell([from], false)
    if (known > this.epoch && this.#renewed) this.#rise()
    else if (known > this.epoch && this.#remembers) {
      this.comparing = false
      this.outdated = true
      this.#origin.stale(known)
    } else this.#settle()
  }

  recoverEpochs({ epochs }: Epochs): void {
    this.epochs = epochs
  }

  #isPossible(epoch: number, member: number): boolean {
    return epoch <= MOST && epoch - (this.epochs[member] ?? 0) <= MOST_AHEAD
  }

  /** Ends the comparison once a majority with this node knows of no later epoch, and all have answered or had the time to. */
  #settle(): void {
    const { cluster, peers } = this.#node
    const compared = 1 + this.#known.filter((known) => known !== UNKNOWN).length
    if (!this.comparing || compared <= cluster.size / 2) return
    // Who has forgotten may itself wait for this node, so it is not waited for.
    if (this.#answered.size < peers.length && !this.#hurries) return
    this.comparing = false
    this.#origin.fresh()
  }

  /** Takes note of whether a member has forgotten; says once when no majority is left. */
  #count(member: NodeId, forgot: boolean): void {
    const before = this.isLost
    if (forgot) this.#forgetful.add(member)
    else this.#forgetful.delete(member)
    if (!this.isLost || before) return
    const members = this.forgetful.map(({ name }) => name)
    this.#node.log.error('majority lost', { members })
  }

  /** Whether this node counts at all: one without peers has nobody to ask. */
  get #counts(): boolean {
    return this.#options.epochMs > 0 && this.#node.peers.length > 0
  }

  /** Whether what this node says of its own memory can be relied on. */
  get #remembers(): boolean {
    const { memory } = this.#node
    return this.comparing || memory === 'blank' || memory === 'kept'
  }

  /** Goes above all epochs of this node that anybody has named. */
  #rise(): void {
    this.#advance(Math.max(this.epoch, this.#latest) + LEAP)
  }

  #ask(): void {
    if (!this.comparing) return
    this.#tell(this.#node.peers, true)
    this.#node.setTimer(ASK_INTERVAL_MS, () => this.#ask())
  }

  #await(): void {
    this.#node.setTimer(this.#options.epochMs, () => {
      if (this.#recorded && this.#remembers) this.#advance(this.epoch + 1)
      this.#recorded = false
      const behind = this.#node.peers.filter(({ index }) => this.#known[index]! < this.epoch)
      this.#tell(behind, true)
      this.#await()
    })
  }

  /** Takes over what another one knows of the others: who was away, or has forgotten, knows it again. */
  #learn(theirs: readonly number[]): void {
    const { index } = this.#node.id
    const epochs = this.epochs.map((epoch, member) => (member === index ? epoch : Math.max(epoch, theirs[member] ?? 0)))
    if (epochs.some((epoch, member) => epoch > this.epochs[member]!)) this.#record(epochs)
  }

  /** Begins an epoch of this node's own. */
  #advance(epoch: number): void {
    this.#record(this.epochs.with(this.#node.id.index, epoch))
  }

  #record(epochs: readonly number[]): void {
    this.epochs = epochs
    this.#node.persist(Epochs, { epochs: [...epochs] })
  }

  #tell(to: readonly NodeId[], asks: boolean): void {
    const { index } = this.#node.id
    const epochs = [...(this.#remembers ? this.epochs : this.epochs.with(index, 0))]
    const { founding, seen } = this.#origin
    this.#node.multicast(to, Epoch, { epochs, founding, seen, asks })
  }
}
