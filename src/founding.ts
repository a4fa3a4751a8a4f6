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

/** How long a node that is ordered to begin listens for all, and for who knows better: they may pause between dials. */
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
  /** Who has been heard lately, while it gathers. */
  readonly #heard = new Set<NodeId>()
  /** What its records, or the others, say of it; that of a disk is compared before it counts. */
  #said: Memory | null = null
  /** Whether the node is about to end, since it has taken part on an older image of its disk. */
  #foundOutLate = false

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
    this.#ordered = options.bootstrap
    const rollCall = new RollCall(node.id, node.cluster.size, forgot ? FORGOTTEN : incarnation, node.random)
    this.freshness = new Freshness(node, options, {
      get founding() {
        return rollCall.founding
      },
      get seen() {
        return rollCall.seen
      },
      fresh: () => this.#start(this.#said!),
      stale: (known) => this.#forget(known),
    })
    this.#rollCall = rollCall
    this.#onKnown = onKnown
  }

  /**
   * Begins after the records were recovered. By order (`-bootstrap`) the operator vouches that the cluster is new; but all
   * get the time to come, and to know better.
   */
  begin(): void {
    if (this.#said) {
      this.#enter(this.#said)
      return
    }
    this.#announce()
    if (this.#ordered) this.#node.setTimer(BOOTSTRAP_PATIENCE_MS, () => this.#hurry())
  }

  /** The founding's name, which is in all frames; 0 while the node gathers. */
  get name(): number {
    return this.#rollCall.founding
  }

  /** Whether a message counts. Those of a protocol do only between members of one founding that take part. */
  hears({ number, declared }: Registered, frame: Uint8Array): boolean {
    if (declared === Announce || declared === Epoch) return true
    const related = frameFounding(frame) === this.name
    return number >= PROTOCOL_NUMBERS ? this.memory !== null && related : related || this.name === 0
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

  onAnnounce(m: Announce, from: NodeId): void {
    const { seen, founding } = this.#rollCall
    const known = this.#rollCall.announcement(from)
    const news = m.echo !== known.challenge || m.challenge !== known.echo
    const memory = this.#rollCall.hear(m, from)
    this.#heard.add(from)
    if (memory) this.#known(memory, m.founding !== 0)
    else this.#meet(m, from)
    // News travels at once: the last to arrive starts the cluster.
    if (founding === 0 && (memory || this.#rollCall.seen !== seen)) this.#tell(this.#node.peers)
    else if (m.founding === 0 && (founding !== 0 || news)) this.#tell([from])
  }

  onEpoch(m: Epoch, from: NodeId): void {
    // Who still gathers does not know what its memory is worth, nor whether it belongs to this cluster.
    if (!this.memory && !this.freshness.comparing) return
    this.freshness.onEpoch(m, from, this.#meet(m, from))
  }

  recoverFounded({ founding, seen, lost }: Founded): void {
    this.#rollCall.found(founding, seen)
    this.#said = lost ? 'lost' : 'kept'
  }

  recoverRegained(): void {
    this.#said = 'kept'
  }

  /** Takes note of the founding that another one is of, 0 of none yet; whether it is this one. */
  #meet({ founding, seen }: Pick<Announce, 'founding' | 'seen'>, from: NodeId): boolean {
    if (this.name === 0) return false
    const related = founding === this.name && !this.#rollCall.contradicts(seen)
    if (founding === 0 || related) this.#strangers.delete(from)
    else this.#estrange(from)
    return related
  }

  /**
   * Somebody has kept directories of an earlier cluster. One that takes part leaves it to the others, which cannot begin beside its
   * majority.
   */
  #estrange(from: NodeId): void {
    const { cluster, log } = this.#node
    if (!this.#strangers.has(from)) log.warn('another founding', { peer: from.name })
    this.#strangers.add(from)
    if (this.#takesPart || cluster.size - this.#strangers.size > cluster.size / 2) return
    const names = [...this.#strangers].map(({ name }) => name).join(', ')
    this.#node.giveUp(
      new SynodError('storage', `the records are of another founding of the cluster than those of ${names}`),
    )
  }

  get #takesPart(): boolean {
    return this.memory === 'blank' || this.memory === 'kept'
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

  /** This disk is an older image. One that finds out too late ends; at its next start it knows. */
  #forget(known: number): void {
    const { epoch } = this.freshness
    this.#node.log.warn('older image', { epoch, known })
    this.#said = 'lost'
    this.#foundOutLate = this.memory !== null
    this.#record()
    const older = `the disk is an older image of itself: it is in epoch ${epoch}, and others have heard of ${known}`
    if (this.#foundOutLate) this.#node.giveUp(new SynodError('storage', older))
    else this.#start('lost')
  }

  /** By order: whoever is there begins. */
  #hurry(): void {
    if (this.memory || this.#said) return
    this.#rollCall.hurry(this.#node.peers.filter((peer) => !this.#heard.has(peer)))
    this.#heard.clear()
    this.#node.setTimer(BOOTSTRAP_PATIENCE_MS, () => this.#hurry())
  }

  #tell(to: readonly NodeId[]): void {
    for (const id of to) this.#node.send(id, Announce, this.#rollCall.announcement(id))
  }
}
