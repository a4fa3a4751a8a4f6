/** One client's operation on its way through the two phases, at the node that coordinates it. */
import { type NodeId, Op, type Quorum, type Request, type Tally } from '#core'
import type { Queried } from './messages.ts'

/** The tag below all others: of keys that were never written. */
export const NO_TAG = 0

export class Operation {
  readonly id: number
  readonly request: Request
  phase: 'query' | 'store' = 'query'
  /** In phase 1 the highest tag among the answers, with its value, null if absent; in phase 2 what is being stored. */
  tag = NO_TAG
  value: Uint8Array | null = null
  /** Who answered with just that tag. */
  holders: NodeId[] = []
  /** Who has answered in this phase. */
  tally: Tally
  sentAt: number

  constructor(id: number, request: Request, quorum: Quorum, now: number) {
    this.id = id
    this.request = request
    this.tally = quorum.tally()
    this.sentAt = now
  }

  /** Whether the client wants to read, not to write or delete. */
  get isRead(): boolean {
    return this.request.command.op === Op.get
  }

  /** Takes an answer of phase 1; true when the quorum stands by it. */
  hear({ tag, absent, value }: Queried, from: NodeId): boolean {
    if (tag > this.tag) {
      this.tag = tag
      // A copy: the answer is a view on what the network received, of which it may be a small part.
      this.value = this.isRead && !absent ? new Uint8Array(value) : null
      this.holders = []
    }
    if (tag === this.tag) this.holders.push(from)
    return this.tally.ack(from)
  }

  /** Begins phase 2 with those who hold the tag already; true when they are a quorum. */
  store(quorum: Quorum, now: number): boolean {
    this.phase = 'store'
    this.sentAt = now
    this.tally = quorum.tally()
    for (const holder of this.holders) this.tally.ack(holder)
    return this.tally.stands
  }
}
