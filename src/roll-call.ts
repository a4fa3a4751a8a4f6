/**
 * The start of a cluster: who has a memory, and which of those who come back have lost it.
 *
 * An incarnation names a memory: it is as old as the records that go with it. A cluster starts when all members have
 * announced the same table of incarnations, so that each knows that each was blank. A node that later comes with another
 * incarnation is told so: it has forgotten what it promised.
 *
 * Why counting only some of them is unsafe: two nodes that forgot together would vouch for each other. Why all must
 * announce the *same* table: else one could start with a node's first incarnation and another with its second.
 *
 * What a node said before it died may arrive after what it says now. So each announcement echoes the receiver's last
 * challenge, and the challenge changes whenever a new incarnation is believed: the dead cannot answer it, and tables
 * only move forward.
 *
 * A start has a name, the incarnation of its first member, and nodes hear only those of the same: the names of nodes say
 * nothing of directories that somebody has kept from an earlier cluster.
 *
 * By order of an operator, who vouches that nobody else has ever taken part, a majority is enough. All of it must have
 * announced what is in the table, and may know of more; who is missing in it counts as one that has forgotten when it comes.
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

/** What one member knows of another while it gathers. */
interface Acquaintance {
  /** What its announcements must echo to be believed. */
  challenge: number
  /** What it wants echoed; 0 before it has spoken. */
  echo: number
  /** The table it announced last; null while nothing it said was believed. */
  seen: readonly number[] | null
}

export class RollCall {
  /** The table this node announces; once founded, the one that the cluster started with. */
  seen: readonly number[]
  /** The name of the cluster's start; 0 while this node gathers. */
  founding = 0
  readonly #self: NodeId
  readonly #incarnation: number
  readonly #random: Random
  readonly #others: Acquaintance[]
  /** Whether a majority is enough. */
  #ordered = false

  /** @param incarnation of this node's memory, or `FORGOTTEN` */
  constructor(self: NodeId, size: number, incarnation: number, random: Random) {
    this.#self = self
    this.#incarnation = incarnation
    this.#random = random
    this.seen = Array.from({ length: size }, (_, index) => (index === self.index ? incarnation : 0))
    this.#others = Array.from({ length: size }, () => ({ challenge: this.#draw(), echo: 0, seen: null }))
  }

  /** What this node announces to `to`. */
  announcement(to: NodeId): Announce {
    const { challenge, echo } = this.#others[to.index]!
    const { founding, seen } = this
    return { incarnation: this.#incarnation, seen, founding, challenge, echo }
  }

  /** Takes what a peer announced; gives this node's memory as soon as it is known, else null. */
  hear(m: Announce, from: NodeId): Memory | null {
    const other = this.#others[from.index]!
    other.echo = m.challenge
    if (this.founding !== 0 || m.seen.length !== this.seen.length || m.echo !== other.challenge) return null
    if (m.founding !== 0) return this.#join(m.founding, m.seen)
    other.seen = m.seen
    if (this.seen[from.index] !== m.incarnation) {
      this.seen = this.seen.with(from.index, m.incarnation)
      other.challenge = this.#draw()
    }
    return this.settle()
  }

  /** By order a majority is enough, without those that are not heard any more. */
  hurry(absent: readonly NodeId[]): void {
    this.#ordered = true
    for (const { index } of absent) {
      this.seen = this.seen.with(index, 0)
      Object.assign(this.#others[index]!, { seen: null, challenge: this.#draw() })
    }
  }

  /** Whether all in this table have announced it, and are enough: then the cluster starts with it. */
  settle(): Memory | null {
    const size = this.seen.length
    const missing = this.missing.length
    if (this.#incarnation === FORGOTTEN || missing >= (this.#ordered ? size / 2 : 1)) return null
    for (const [index, { seen }] of this.#others.entries()) {
      if (index === this.#self.index || this.seen[index] === 0) continue
      if (!(this.#ordered ? covers(seen, this.seen) : same(seen, this.seen))) return null
    }
    this.found(nameOf(this.seen.find((incarnation) => incarnation !== 0)!), this.seen)
    return 'blank'
  }

  /** Ends the roll call with this table. */
  found(founding: number, seen: readonly number[]): void {
    this.founding = founding
    this.seen = seen
  }

  /** The member numbers that have not been heard of. */
  get missing(): number[] {
    return this.seen.flatMap((incarnation, index) => (incarnation === 0 ? [index] : []))
  }

  /** Whether a table has another memory of some member: then it is of another start, though that went by the same name. */
  contradicts(theirs: readonly number[]): boolean {
    return this.seen.some((own, index) => own !== 0 && theirs[index] && theirs[index] !== own)
  }

  /** Takes the table of a cluster that has started. */
  #join(founding: number, seen: readonly number[]): Memory {
    this.found(founding, seen)
    return this.#incarnation !== FORGOTTEN && seen[this.#self.index] === this.#incarnation ? 'blank' : 'lost'
  }

  #draw(): number {
    return 1 + this.#random.below(2 ** 32)
  }
}

/** A founding goes by four bytes of one memory, which are in every frame. */
function nameOf(incarnation: number): number {
  return incarnation % 2 ** 32 || 1
}

/** Whether a table has all that is in another one. */
function covers(a: readonly number[] | null, b: readonly number[]): boolean {
  return a !== null && b.every((incarnation, index) => incarnation === 0 || incarnation === a[index])
}

function same(a: readonly number[] | null, b: readonly number[]): boolean {
  return a !== null && a.length === b.length && a.every((incarnation, index) => incarnation === b[index])
}
