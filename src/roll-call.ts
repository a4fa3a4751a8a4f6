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
 * By order of an operator, who vouches that nobody else has ever taken part, a majority is enough. All of them must have
 * announced the same table here, too; who is missing in it counts as one that has forgotten when it comes.
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
  /** Whether that is the table of a cluster that has begun. */
  begun: boolean
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
  /** How many members must have announced the same table. */
  #needed: number

  /** @param incarnation of this node's memory, or `FORGOTTEN` */
  constructor(self: NodeId, size: number, incarnation: number, random: Random) {
    this.#self = self
    this.#incarnation = incarnation
    this.#random = random
    this.#needed = size
    this.seen = Array.from({ length: size }, (_, index) => (index === self.index ? incarnation : 0))
    this.#others = Array.from({ length: size }, () => ({ challenge: this.#draw(), echo: 0, seen: null, begun: false }))
  }

  /** What this node announces to `to`. `sure`: it takes part in a cluster, and remembers. */
  announcement(to: NodeId, sure = false): Announce {
    const { challenge, echo } = this.#others[to.index]!
    const { founding, seen } = this
    return { incarnation: this.#incarnation, seen, founding, sure, challenge, echo }
  }

  /** Takes what a peer announced; gives this node's memory as soon as it is known, else null. */
  hear(m: Announce, from: NodeId): Memory | null {
    const other = this.#others[from.index]!
    other.echo = m.challenge
    if (this.founding !== 0 || m.seen.length !== this.seen.length || m.echo !== other.challenge) return null
    if (m.sure) return this.#join(m.founding, m.seen)
    other.seen = m.seen
    other.begun = m.founding !== 0
    if (this.seen[from.index] !== m.incarnation) {
      this.seen = this.seen.with(from.index, m.incarnation)
      other.challenge = this.#draw()
    }
    return this.settle()
  }

  /** By order a majority is enough. */
  hurry(): void {
    this.#needed = Math.floor(this.seen.length / 2) + 1
  }

  /** Whether all in this table have announced it, and are enough: then the cluster starts with it. */
  settle(): Memory | null {
    if (this.#incarnation === FORGOTTEN || this.seen.length - this.missing.length < this.#needed) return null
    for (const [index, { begun, seen }] of this.#others.entries()) {
      // One that remembers a cluster comes from a directory: until it takes part it may be a stranger's.
      if (begun || (index !== this.#self.index && this.seen[index] !== 0 && !same(seen, this.seen))) return null
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

  /** The member numbers of those that remember a cluster, and in it another memory of this node or none. */
  get reminders(): number[] {
    return this.#others.flatMap(({ begun, seen }, index) =>
      begun && seen?.[this.#self.index] !== this.#incarnation ? [index] : [],
    )
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

function same(a: readonly number[] | null, b: readonly number[]): boolean {
  return a !== null && a.length === b.length && a.every((incarnation, index) => incarnation === b[index])
}
