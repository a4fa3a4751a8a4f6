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
 * A start has a name, and members hear only those of the same: the names of nodes say nothing of directories that somebody
 * has kept from an earlier cluster. All go by the incarnation of the first member; one that begins alone by order names the
 * start by its own, and its table has nobody else. Who is missing there is entered once it has come, before it is heard, and
 * then the same holds for it as for the first.
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
  /** The founding and the table that it announced last; null while nothing it said was believed. */
  founding: number
  seen: readonly number[] | null
}

export class RollCall {
  /** The table this node announces; once founded, the members of the cluster with the memories that they came with. */
  seen: readonly number[]
  /** The name of the cluster's start; 0 while this node gathers. */
  founding = 0
  readonly #self: NodeId
  readonly #incarnation: number
  readonly #ordered: boolean
  readonly #random: Random
  readonly #others: Acquaintance[]

  /**
   * @param incarnation of this node's memory, or `FORGOTTEN`
   * @param ordered whether this node is going to begin by order
   */
  constructor(self: NodeId, size: number, incarnation: number, ordered: boolean, random: Random) {
    this.#self = self
    this.#incarnation = incarnation
    this.#ordered = ordered
    this.#random = random
    this.seen = Array.from({ length: size }, (_, index) => (index === self.index ? incarnation : 0))
    this.#others = Array.from({ length: size }, () => ({ challenge: this.#draw(), echo: 0, founding: 0, seen: null }))
  }

  /** What this node announces to `to`. */
  announcement(to: NodeId): Announce {
    const { challenge, echo } = this.#others[to.index]!
    const { founding, seen } = this
    return { incarnation: this.#incarnation, seen, founding, ordered: this.#ordered, challenge, echo }
  }

  /** Takes what a peer announced; gives this node's memory as soon as it is known, else null. */
  hear(m: Announce, from: NodeId): Memory | null {
    const other = this.#others[from.index]!
    other.echo = m.challenge
    if (this.founding !== 0 || m.seen.length !== this.seen.length || m.echo !== other.challenge) return null
    // A table that does not know this member says nothing about it, but something of its sender.
    const knows = m.seen[this.#self.index] !== 0 || this.#incarnation === FORGOTTEN
    if (m.founding !== 0 && knows) return this.#join(m.founding, m.seen)
    other.founding = m.founding
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
    this.found(nameOf(this.seen[0]!), this.seen)
    return 'blank'
  }

  /** Whether another one has begun, in a cluster that does not know this node. */
  get invited(): boolean {
    return this.#others.some(({ founding }) => founding !== 0)
  }

  /** Begins by order: where another one has begun, else with all if they have been heard, else alone. */
  begin(): void {
    const begun = this.#others.find(({ founding }) => founding !== 0)
    const nobody = this.seen.map(() => 0)
    if (!begun && !this.seen.includes(0)) this.found(nameOf(this.seen[0]!), this.seen)
    else
      this.found(
        begun?.founding ?? nameOf(this.#incarnation),
        (begun?.seen ?? nobody).with(this.#self.index, this.#incarnation),
      )
  }

  /** Ends the roll call with this table. */
  found(founding: number, seen: readonly number[]): void {
    this.founding = founding
    this.seen = seen
  }

  /** Enters the members of this founding that were missing; whether there were any. */
  enter(theirs: readonly number[]): boolean {
    const seen = this.seen.map((incarnation, index) => incarnation || (theirs[index] ?? 0))
    if (same(seen, this.seen)) return false
    this.seen = seen
    return true
  }

  /**
   * Whether a table of this founding says that this node had another memory before: then it has forgotten that one, and was
   * taken for blank by who did not know. One that was told so when it came is entered with the earlier one itself.
   */
  contradicts(theirs: readonly number[]): boolean {
    const { index } = this.#self
    return this.seen[index] === this.#incarnation && (theirs[index] || this.#incarnation) !== this.#incarnation
  }

  /** The member numbers that have not been heard of. */
  get missing(): number[] {
    return this.seen.flatMap((incarnation, index) => (incarnation === 0 ? [index] : []))
  }

  /** Takes the table of a cluster that has started. */
  #join(founding: number, seen: readonly number[]): Memory {
    const { index } = this.#self
    // Of a memory that nobody there knows, any number will do which is not that of a later one.
    this.found(founding, seen[index] === 0 ? seen.with(index, founding) : seen)
    return seen[index] === this.#incarnation && this.#incarnation !== FORGOTTEN ? 'blank' : 'lost'
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
