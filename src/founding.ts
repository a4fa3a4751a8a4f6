/**
 * A node's way into the cluster: announces itself until it knows what kind of memory it starts with (`roll-call.ts`); with
 * one that it has brought along, compares it with what the others know of it (`freshness.ts`). It hears the protocol's
 * messages only of members of its own founding.
 */
import { frameFounding } from './codec/frame.ts'
import { SynodError } from './errors.ts'
import { Freshness } from './freshness.ts'
import type { Node } from './node.ts'
import type { NodeId } from './node-id.ts'
import { Announce, Epoch, Epochs, Founded, Regained } from './node-messages.ts'
import type { NodeOptions } from './node-parts.ts'
import { PROTOCOL_NUMBERS, type Registered } from './registry.ts'
import type { Memory } from './replica.ts'
import { ANNOUNCE_INTERVAL_MS, FORGOTTEN, RollCall } from './roll-call.ts'
import type { Storage } from './seams.ts'

/** How long a node that is told to start alone listens for peers that know better: they may pause between dials. */
export const BOOTSTRAP_PATIENCE_MS = 3000

export class Founding {
  /** What this node knew when it started, or has regained since; null until that is known. */
  memory: Memory | null = null
  /** How new its disk is. */
  readonly freshness: Freshness
  readonly #node: Node
  readonly #rollCall: RollCall
  readonly #ordered: boolean
  readonly #onKnown: (memory: Memory) => void
  /** Members that are of another founding. */
  readonly #strangers = new Set<NodeId>()
  /** What its records, or the others, say of it; that of a disk is compared before it counts. */
  #said: Memory | null = null
  /** Whether the node is about to end, since it has taken part though it had forgotten. */
  #foundOutLate = false
  /** Whether one that is before this node has lately said that it is going to begin by order. */
  #behind = false
  /** Whether it has waited long enough to begin by order. */
  #overdue = false

  /**
   * @param onKnown called once, when the memory is known
   */
  constructor(
    node: Node,
    { incarnation, forgot }: Pick<Storage, 'incarnation' | 'forgot'>,
    options: Pick<NodeOptions, 'bootstrap' | 'epochMs' | 'compareMs'>,
    onKnown: (memory: Memory) => void,
  ) {
    this.#node = node
    // Nobody can vouch for one that knows that it has forgotten.
    this.#ordered = options.bootstrap && !forgot
    const named = forgot ? FORGOTTEN : incarnation
    const rollCall = new RollCall(node.id, node.cluster.size, named, this.#ordered, node.random)
    this.freshness = new Freshness(node, options, {
      get founding() {
        return rollCall.founding
      },
      get seen() {
        return rollCall.seen
      },
      fresh: () => this.#start(this.#said!),
      stale: (known) => this.#outdate(known),
    })
    this.#rollCall = rollCall
    this.#onKnown = onKnown
  }

  /**
   * Begins after the records were recovered. By order (`-bootstrap`) the operator vouches that the cluster is new; a peer
   * that knows better is believed first.
   */
  begin(): void {
    if (this.#said) {
      this.#enter(this.#said)
      return
    }
    this.#announce()
    if (this.#ordered) this.#node.setTimer(BOOTSTRAP_PATIENCE_MS, () => this.#bootstrap())
  }

  /** The founding's name, which is in all frames; 0 while the node gathers. */
  get name(): number {
    return this.#rollCall.founding
  }

  /**
   * Whether a message counts. Those of a protocol do only between members of one founding, of which the receiver has the
   * sender on record: when that one forgets, it is told so.
   */
  hears({ number, declared }: Registered, frame: Uint8Array, from: NodeId): boolean {
    if (declared === Announce || declared === Epoch) return true
    const related = frameFounding(frame) === this.name
    if (number >= PROTOCOL_NUMBERS) return this.memory !== null && related && this.#rollCall.seen[from.index] !== 0
    return related || this.name === 0
  }

  /** Remembers that a memory that was lost has been taken over from the others. */
  regain(): void {
    this.freshness.renew()
    this.memory = 'kept'
    this.#node.persist(Regained, {})
    this.#node.log.info('memory regained')
  }

  /** What stands for this part's records so far, once the roll call is over. */
  dump(): object[] {
    return [this.#founded, new Epochs({ epochs: this.freshness.epochs })]
  }

  /** The members this node has not heard of; none once it has started. */
  get awaited(): NodeId[] {
    if (this.memory) return []
    if (this.#said) return this.freshness.awaited
    const members = this.#rollCall.missing.map((index) => this.#node.cluster.at(index))
    return members.filter((member) => member !== this.#node.id)
  }

  /** Whether the cluster has begun without this node, which gathers: by order it may join. */
  get leftOut(): boolean {
    return this.#said === null && this.#rollCall.invited
  }

  onAnnounce(m: Announce, from: NodeId): void {
    const call = this.#rollCall
    const { seen, founding } = call
    const news = m.echo !== call.announcement(from).challenge || m.challenge !== call.announcement(from).echo
    const memory = call.hear(m, from)
    if (memory) this.#known(memory, m.founding !== 0)
    else this.#meet(m.founding, m.seen, from)
    this.#behind ||= m.ordered && m.founding === 0 && from.index < this.#node.id.index
    if (this.#overdue && call.invited) this.#bootstrap()
    // News travels at once: the last to arrive starts the cluster.
    if (founding === 0 && (memory || call.seen !== seen)) this.#tell(this.#node.peers)
    else if (m.founding === 0 && (founding !== 0 || news)) this.#tell([from])
  }

  onEpoch(m: Epoch, from: NodeId): void {
    // Who still gathers does not know what its memory is worth, nor whether it belongs to this cluster.
    if (!this.memory && !this.freshness.comparing) return
    this.#meet(m.founding, m.seen, from)
    this.freshness.onEpoch(m, from)
  }

  recoverFounded({ founding, seen, lost }: Founded): void {
    this.#rollCall.found(founding, seen)
    this.#said = lost ? 'lost' : 'kept'
  }

  recoverRegained(): void {
    this.#said = 'kept'
  }

  /** Takes note of what another one says of its founding; 0: of none yet. */
  #meet(founding: number, seen: readonly number[], from: NodeId): void {
    const call = this.#rollCall
    if (call.founding === 0) return
    if (founding !== 0 && founding !== call.founding) {
      this.#estrange(from)
      return
    }
    this.#strangers.delete(from)
    if (founding === 0) return
    if (call.enter(seen)) this.#record()
    if (this.memory === 'lost' || !call.contradicts(seen)) return
    this.freshness.comparing = false
    this.#forget(`the node has forgotten: ${from.name} knows an earlier memory of it`)
  }

  /**
   * Somebody has kept the directories of an earlier cluster, or two have begun by order without hearing each other. One that
   * takes part leaves it to the others, which cannot begin beside its majority; unless it is the only one of its founding.
   */
  #estrange(from: NodeId): void {
    const { cluster, log } = this.#node
    if (!this.#strangers.has(from)) log.warn('another founding', { peer: from.name })
    this.#strangers.add(from)
    const takesPart = this.memory === 'blank' || this.memory === 'kept'
    const alone = this.#rollCall.missing.length === cluster.size - 1
    if ((takesPart && !alone) || cluster.size - this.#strangers.size > cluster.size / 2) return
    const names = [...this.#strangers].map(({ name }) => name).join(', ')
    this.#node.giveUp(
      new SynodError('storage', `the records are of another founding of the cluster than those of ${names}`),
    )
  }

  #announce(): void {
    if (this.memory || this.#said) return
    const memory = this.#rollCall.settle()
    if (memory) {
      this.#known(memory)
      return
    }
    this.#tell(this.#node.peers)
    this.#node.setTimer(ANNOUNCE_INTERVAL_MS, () => this.#announce())
  }

  /** @param compared whether its disk must still prove that it is the newest: the cluster began before this start */
  #known(memory: Memory, compared = false): void {
    this.#said = memory
    this.#record()
    if (compared) this.#enter(memory)
    else this.#start(memory)
  }

  get #founded(): Founded {
    const { founding, seen } = this.#rollCall
    const lost = (this.memory ?? this.#said) === 'lost' || this.#foundOutLate
    return new Founded({ founding, seen, lost })
  }

  #record(): void {
    this.#node.persist(Founded, this.#founded)
  }

  #enter(memory: Memory): void {
    if (memory === 'lost') this.#start('lost')
    else this.freshness.compare()
  }

  #start(memory: Memory): void {
    this.memory = memory
    this.freshness.begin()
    this.#onKnown(memory)
  }

  /** This disk is an older image. */
  #outdate(known: number): void {
    const { epoch } = this.freshness
    this.#node.log.warn('older image', { epoch, known })
    this.#forget(`the disk is an older image of itself: it is in epoch ${epoch}, and others have heard of ${known}`)
  }

  /** The memory is not what it was taken for. A node that finds out too late ends; at its next start it knows. */
  #forget(reason: string): void {
    this.#said = 'lost'
    this.#foundOutLate = this.memory !== null
    this.#record()
    if (this.#foundOutLate) this.#node.giveUp(new SynodError('storage', reason))
    else this.#start('lost')
  }

  /** Of those who are to begin by order, the first does; the others join it. */
  #bootstrap(): void {
    if (this.memory || this.#said) return
    this.#overdue = true
    if (this.#behind && !this.#rollCall.invited) {
      this.#behind = false
      this.#node.setTimer(BOOTSTRAP_PATIENCE_MS, () => this.#bootstrap())
      return
    }
    this.#rollCall.begin()
    this.#known('blank')
    this.#tell(this.#node.peers)
  }

  #tell(to: readonly NodeId[]): void {
    for (const id of to) this.#node.send(id, Announce, this.#rollCall.announcement(id))
  }
}
