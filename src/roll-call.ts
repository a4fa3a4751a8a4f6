/**
 * The start of a cluster: who has a memory, and which of those who come back have lost it.
 *
 * An incarnation names a memory: it is as old as the records that go with it. A cluster starts when all members have
 * announced the same table of incarnations, so that each knows that each was blank. That table never changes, and a
 * node that later comes with another incarnation is told so: it has forgotten what it promised.
 *
 * Why counting only some of them is unsafe: two nodes that forgot together would vouch for each other. Why all must
 * announce the *same* table: else one could start with a node's first incarnation and another with its second. A node
 * that has announced a table with a newer incarnation never starts from one with the older (`#retired`).
 */
import type { NodeId } from './node-id.ts'
import type { Announce } from './node-messages.ts'
import type { Memory } from './replica.ts'

/** How long until an unanswered announcement is repeated. */
export const ANNOUNCE_INTERVAL_MS = 100

interface Heard {
  readonly incarnation: number
  readonly seen: readonly number[]
}

export class RollCall {
  /** The table this node announces; once `founded`, the table the cluster started with. */
  seen: readonly number[]
  founded = false
  readonly #self: NodeId
  readonly #incarnation: number
  readonly #heard = new Map<NodeId, Heard>()
  readonly #retired = new Set<number>()

  constructor(self: NodeId, size: number, incarnation: number) {
    this.#self = self
    this.#incarnation = incarnation
    this.seen = Array.from({ length: size }, (_, index) => (index === self.index ? incarnation : 0))
  }

  /** Takes what a peer announced; gives this node's memory as soon as it is known, else null. */
  hear(m: Announce, from: NodeId): Memory | null {
    if (this.founded || m.seen.length !== this.seen.length) return null
    if (m.founded) {
      this.found(m.seen)
      return m.seen[this.#self.index] === this.#incarnation ? 'blank' : 'lost'
    }
    if (this.#retired.has(m.incarnation)) return null
    const before = this.#heard.get(from)
    if (before && before.incarnation !== m.incarnation) this.#retired.add(before.incarnation)
    this.#heard.set(from, m)
    if (before?.incarnation !== m.incarnation) this.seen = this.seen.with(from.index, m.incarnation)
    return this.settle()
  }

  /** Whether all members have announced this table: then the cluster starts with it. */
  settle(): Memory | null {
    if (this.seen.includes(0)) return null
    for (const { seen } of this.#heard.values()) {
      if (!seen.every((incarnation, index) => incarnation === this.seen[index])) return null
    }
    this.found(this.seen)
    return 'blank'
  }

  /** Ends the roll call with this table. */
  found(seen: readonly number[]): void {
    this.seen = seen
    this.founded = true
  }

  /** The member numbers that have not been heard of. */
  get missing(): number[] {
    return this.seen.flatMap((incarnation, index) => (incarnation === 0 ? [index] : []))
  }
}
