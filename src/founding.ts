/**
 * A node's way into the cluster: announces itself until it knows what kind of memory it starts with (`roll-call.ts`); with
 * one that it has brought along, compares it with what the others know of it (`freshness.ts`).
 */
import { SynodError } from './errors.ts'
import { Freshness } from './freshness.ts'
import type { Node } from './node.ts'
import type { NodeId } from './node-id.ts'
import { Announce, type Epoch, Epochs, Founded, Regained } from './node-messages.ts'
import type { NodeOptions } from './node-parts.ts'
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
  readonly #forgot: boolean
  readonly #onKnown: (memory: Memory) => void
  /** Members whose records are of another founding. */
  readonly #strangers = new Set<NodeId>()
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
    options: Pick<NodeOptions, 'epochMs' | 'compareMs'>,
    onKnown: (memory: Memory) => void,
  ) {
    this.#node = node
    this.#forgot = forgot
    const rollCall = new RollCall(node.id, node.cluster.size, forgot ? FORGOTTEN : incarnation, node.random)
    this.freshness = new Freshness(node, options, {
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
   * Begins after the records were recovered. `bootstrap`: the operator vouches that the cluster is new; a peer that
   * knows better is believed first.
   */
  begin(bootstrap: boolean): void {
    if (this.#said) {
      this.#enter(this.#said)
      return
    }
    this.#announce()
    // Nobody can vouch for one that knows that it has forgotten.
    if (bootstrap && !this.#forgot) this.#node.setTimer(BOOTSTRAP_PATIENCE_MS, () => this.#bootstrap())
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
    const lost = this.memory === 'lost' || this.#foundOutLate
    const founded = new Founded({ seen: this.#rollCall.seen, lost })
    return [founded, new Epochs({ epochs: this.freshness.epochs })]
  }

  /** The members this node has not heard of; none once it has started. */
  get awaited(): NodeId[] {
    if (this.memory) return []
    if (this.#said) return this.freshness.awaited
    const members = this.#rollCall.missing.map((index) => this.#node.cluster.at(index))
    return members.filter((member) => member !== this.#node.id)
  }

  onAnnounce(m: Announce, from: NodeId): void {
    const { seen, founded } = this.#rollCall
    const news =
      m.echo !== this.#rollCall.announcement(from).challenge || m.challenge !== this.#rollCall.announcement(from).echo
    const memory = this.#rollCall.hear(m, from)
    if (memory) this.#known(memory, m.founded)
    // News travels at once: the last to arrive starts the cluster.
    if (!founded && (memory || this.#rollCall.seen !== seen)) this.#tell(this.#node.peers)
    else if (!m.founded && (founded || news)) this.#tell([from])
  }

  /**
   * What is said of epochs counts only between nodes of one founding: whoever has begun anew, with fewer directories than
   * there are, meets the others' later.
   */
  onEpoch(m: Epoch, from: NodeId): void {
    // Who still gathers does not know what its memory is worth, nor whether it belongs to this cluster.
    if (!this.memory && !this.freshness.comparing) return
    if (this.#rollCall.agrees(m.seen)) {
      this.#strangers.delete(from)
      this.freshness.onEpoch(m, from)
      return
    }
    if (!this.#strangers.has(from)) this.#node.log.warn('another founding', { peer: from.name })
    this.#strangers.add(from)
    this.freshness.disown(from, m.asks)
    const { size } = this.#node.cluster
    // One that takes part leaves it to the others, which cannot begin beside its majority.
    if (this.memory === 'blank' || this.memory === 'kept' || size - this.#strangers.size > size / 2) return
    const names = [...this.#strangers].map(({ name }) => name).join(', ')
    this.#node.giveUp(
      new SynodError('storage', `the records are of another founding of the cluster than those of ${names}`),
    )
  }

  recoverFounded({ seen, lost }: Founded): void {
    this.#rollCall.found(seen)
    this.#said = lost ? 'lost' : 'kept'
  }

  recoverRegained(): void {
    this.#said = 'kept'
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
    this.#record(memory)
    if (compared) this.#enter(memory)
    else this.#start(memory)
  }

  #record(memory: Memory): void {
    this.#node.persist(Founded, { seen: this.#rollCall.seen, lost: memory === 'lost' })
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
    this.#record('lost')
    if (!this.memory) this.#start('lost')
    else {
      this.#foundOutLate = true
      const older = `the disk is an older image of itself: it is in epoch ${epoch}, and others have heard of ${known}`
      this.#node.giveUp(new SynodError('storage', older))
    }
  }

  #bootstrap(): void {
    if (this.memory || this.#said) return
    this.#rollCall.found(this.#rollCall.seen)
    this.#known('blank')
  }

  #tell(to: readonly NodeId[]): void {
    for (const id of to) this.#node.send(id, Announce, this.#rollCall.announcement(id))
  }
}
