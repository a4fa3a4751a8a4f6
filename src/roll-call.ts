/**
 * The start of a cluster: who has a memory, and which of those who come back have lost it.
 *
 * An incarnation names a memory: it is as old as the records that go with it. A cluster starts when all members have
 * announced the same table of incarnations, so that each knows that each was blank. That table never changes, and a
 * node that later comes with another incarnation is told so: it has forgotten what it promised.
 *
 * Why counting only some of them is unsafe: two nodes that forgot together would vouch for each other. Why all must
 * announce the *same* table: else one could start with a node's first incarnation and another with its second.
 *
 * What a node said before it died may arrive after what it says now. So each announcement echoes the receiver's last
 * challenge, and the challenge changes whenever a new incarnation is believed: the dead cannot answer it, and tables
 * only move forward.
 *
 * A node that knows that it has forgotten names no memory. Nobody counts it as blank, so no cluster begins with it: it
 * waits for a member that remembers the table.
 */
import type { NodeId } from './node-id.ts'
import type { Announce } from './node-messages.ts'
import type { Memory } from './replica.ts'
import type { Random } from './seams.ts'

/** How long until an unanswered announcement is repeated. */
export const ANNOUNCE_INTERVAL_MS = 100

/** The incarnation of a node that knows that it has forgotten; in tables, nobody's. */
export const FORGOTTEN = 0

/** What one member knows of another. */
interface Acquaintance {
  /** What its announcements must echo to be believed. */
  challenge: number
  /** What it wants echoed; 0 before it has spoken. */
  echo: number
  /** The table it announced last; null while nothing it said was believed. */
  seen: readonly number[] | null
  /** Of one that the founding table lacks: the first incarnation heard of, and the last; 0 for none. */
  first: number
  last: number
}

export class RollCall {
  /** The table this node announces; once `founded`, the table the cluster started with. */
  seen: readonly number[]
  founded = false
  readonly #self: NodeId
  readonly #incarnation: number
  readonly #random: Random
  readonly #others: Acquaintance[]

  constructor(self: NodeId, size: number, incarnation: number, random: Random) {
    this.#self = self
    this.#incarnation = incarnation
    this.#random = random
    this.seen = Array.from({ length: size }, (_, index) => (index === self.index ? incarnation : 0))
    this.#others = Array.from({ length: size }, () => ({
      challenge: this.#draw(),
      echo: 0,
      seen: null,
      first: 0,
      last: 0,
    }))
  }

  /** What this node announces to `to`. */
  announcement(to: NodeId): Announce {
    const { challenge, echo, first, last } = this.#others[to.index]!
    // One that came after a start by order, and comes again with another memory, is told which one it had.
    const seen = first === last ? this.seen : this.seen.with(to.index, first)
    return { incarnation: this.#incarnation, seen, founded: this.founded, challenge, echo }
  }

  /** Takes what a peer announced; gives this node's memory as soon as it is known, else null. */
  hear(m: Announce, from: NodeId): Memory | null {
    const other = this.#others[from.index]!
    other.echo = m.challenge
    if (m.seen.length !== this.seen.length || m.echo !== other.challenge) return null
    if (this.founded) {
      if (this.seen[from.index] === 0) other.last = m.incarnation
      other.first ||= other.last
      return null
    }
    // A table that does not know this member says nothing about it, but something of its sender.
    if (m.founded && (m.seen[this.#self.index] !== 0 || this.#incarnation === FORGOTTEN)) return this.#join(m.seen)
    other.seen = m.seen
    if (this.seen[from.index] !== m.incarnation) {
      this.seen = this.seen.with(from.index, m.incarnation)
      other.challenge = this.#draw()
    }
    return this.settle()
  }

  /** Whether all members have announced this table: then the cluster starts with it. */
  settle(): Memory | null {
    if (this.seen.includes(0)) return null
    for (const [index, { seen }] of this.#others.entries()) {
      if (index !== this.#self.index && !same(seen, this.seen)) return null
    }
    this.found(this.seen)
    return 'blank'
  }

  /** Ends the roll call with this table. */
  found(seen: readonly number[]): void {
    this.seen = seen
    this.founded = true
  }

  /**
   * Whether a table is of the same founding: nothing says otherwise, or a member has the same memory in both. Those by order
   * lack members, and who has come late may know the second memory of one.
   */
  agrees(seen: readonly number[]): boolean {
    const both = this.seen.flatMap((own, index) => (own !== 0 && seen[index] ? [own === seen[index]] : []))
    return both.length === 0 || both.includes(true)
  }

  /** The member numbers that have not been heard of. */
  get missing(): number[] {
    return this.seen.flatMap((incarnation, index) => (incarnation === 0 ? [index] : []))
  }

  /** Takes the table of a cluster that has started. */
  #join(seen: readonly number[]): Memory {
    this.found(seen)
    return this.#incarnation !== FORGOTTEN && seen[this.#self.index] === this.#incarnation ? 'blank' : 'lost'
  }

  #draw(): number {
    return 1 + this.#random.below(2 ** 32)
  }
}

function same(a: readonly number[] | null, b: readonly number[]): boolean {
  return a !== null && a.length === b.length && a.every((incarnation, index) => incarnation === b[index])
}
