/** A node's way into the cluster: announces itself until it knows what kind of memory it starts with (`roll-call.ts`). */
import type { Node } from './node.ts'
import type { NodeId } from './node-id.ts'
import { Announce, Founded, Regained } from './node-messages.ts'
import type { Memory } from './replica.ts'
import { ANNOUNCE_INTERVAL_MS, FORGOTTEN, RollCall } from './roll-call.ts'
import type { Storage } from './seams.ts'

/** How long a node that is told to start alone listens for peers that know better: they may pause between dials. */
export const BOOTSTRAP_PATIENCE_MS = 3000

export class Founding {
  /** What this node knew when it started, or has regained since; null until that is known. */
  memory: Memory | null = null
  readonly #node: Node
  readonly #rollCall: RollCall
  readonly #forgot: boolean
  readonly #onKnown: (memory: Memory) => void

  /** @param onKnown called once, when the memory is known */
  constructor(
    node: Node,
    { incarnation, forgot }: Pick<Storage, 'incarnation' | 'forgot'>,
    onKnown: (memory: Memory) => void,
  ) {
    this.#node = node
    this.#forgot = forgot
    this.#rollCall = new RollCall(node.id, node.cluster.size, forgot ? FORGOTTEN : incarnation, node.random)
    this.#onKnown = onKnown
  }

  /**
   * Begins after the records were recovered. `bootstrap`: the operator vouches that the cluster is new; a peer that
   * knows better is believed first.
   */
  begin(bootstrap: boolean): void {
    if (this.memory) {
      this.#onKnown(this.memory)
      return
    }
    this.#announce()
    // Nobody can vouch for one that knows that it has forgotten.
    if (bootstrap && !this.#forgot) this.#node.setTimer(BOOTSTRAP_PATIENCE_MS, () => this.#bootstrap())
  }

  /** Remembers that a memory that was lost has been taken over from the others. */
  regain(): void {
    this.memory = 'kept'
    this.#node.persist(Regained, {})
    this.#node.log.info('memory regained')
  }

  /** What stands for this part's records so far, once the roll call is over. */
  dump(): object[] {
    return [new Founded({ seen: this.#rollCall.seen, lost: this.memory === 'lost' })]
  }

  /** The members this node has not heard of; none once it has started. */
  get awaited(): NodeId[] {
    if (this.memory) return []
    const members = this.#rollCall.missing.map((index) => this.#node.cluster.at(index))
    return members.filter((member) => member !== this.#node.id)
  }

  onAnnounce(m: Announce, from: NodeId): void {
    const { seen, founded } = this.#rollCall
    const news =
      m.echo !== this.#rollCall.announcement(from).challenge || m.challenge !== this.#rollCall.announcement(from).echo
    const memory = this.#rollCall.hear(m, from)
    if (memory) this.#known(memory)
    // News travels at once: the last to arrive starts the cluster.
    if (!founded && (memory || this.#rollCall.seen !== seen)) this.#tell(this.#node.peers)
    else if (!m.founded && (founded || news)) this.#tell([from])
  }

  recoverFounded({ seen, lost }: Founded): void {
    this.#rollCall.found(seen)
    this.memory = lost ? 'lost' : 'kept'
  }

  recoverRegained(): void {
    this.memory = 'kept'
  }

  #announce(): void {
    if (this.memory) return
    const memory = this.#rollCall.settle()
    if (memory) {
      this.#known(memory)
      return
    }
    this.#tell(this.#node.peers)
    this.#node.setTimer(ANNOUNCE_INTERVAL_MS, () => this.#announce())
  }

  #known(memory: Memory): void {
    this.memory = memory
    this.#node.persist(Founded, { seen: this.#rollCall.seen, lost: memory === 'lost' })
    this.#onKnown(memory)
  }

  #bootstrap(): void {
    if (this.memory) return
    this.#rollCall.found(this.#rollCall.seen)
    this.#known('blank')
  }

  #tell(to: readonly NodeId[]): void {
    for (const id of to) this.#node.send(id, Announce, this.#rollCall.announcement(id))
  }
}
