/**
 * The table of sessions: replicated state, changed only by commands at their positions of the log. No clock decides what
 * is forgotten: beyond the cap the session that has had nothing executed for longest goes, and raises the floor.
 */
import type { SessionId } from '../command.ts'
import { Digest, joined } from './digest.ts'
import { type Kept, Session } from './session.ts'

/** How many sessions there are at most, unless told otherwise. All nodes must have the same bound. */
export const MOST_SESSIONS = 4096

/** From so many bytes of kept answers on sessions go, too. */
const MOST_BYTES = 64 * 1024 * 1024

export class Sessions {
  /** How many sessions were ever opened: the number of the latest. */
  opened = 0
  /** The highest number that was evicted: at or below it, what is not in the table has been forgotten. */
  floor = 0
  /** How many openings and writes were executed. */
  executions = 0
  readonly #most: number
  readonly #mostBytes: number
  /** The least recently executed first. */
  readonly #sessions = new Map<number, Session>()
  #bytes = 0
  /** The sums of the sessions' hashes. */
  #low = 0
  #high = 0

  constructor(most = MOST_SESSIONS, mostBytes = MOST_BYTES) {
    this.#most = most
    this.#mostBytes = mostBytes
  }

  get size(): number {
    return this.#sessions.size
  }

  /** All sessions, the least recently executed first. */
  get all(): Iterable<Session> {
    return this.#sessions.values()
  }

  /** Opens a session; gives its number. */
  open(nonce: number): number {
    this.opened += 1
    this.executions += 1
    const session = new Session(this.opened, nonce, this.executions)
    this.add(session)
    this.#evict(session)
    return this.opened
  }

  /** The session of this name; undefined when it was evicted, or never opened here. */
  find({ number, nonce }: SessionId): Session | undefined {
    const session = this.#sessions.get(number)
    return session?.nonce === nonce ? session : undefined
  }

  /** The session of this number, whoever opened it. */
  at(number: number): Session | undefined {
    return this.#sessions.get(number)
  }

  /** Notes what the client of a session has the answers of. */
  acknowledge(session: Session, sequence: number): void {
    this.#count(session, -1)
    session.acknowledge(sequence)
    this.#count(session, 1)
  }

  /** Keeps the answer of an executed write; others may have to go for it. */
  keep(session: Session, kept: Kept): void {
    this.executions += 1
    this.#remove(session)
    session.keep(kept, this.executions)
    this.add(session)
    this.#evict(session)
  }

  /** Keeps an answer that a snapshot holds; nothing was executed. */
  restore(session: Session, kept: Kept): void {
    this.#count(session, -1)
    session.keep(kept, session.usedAt)
    this.#count(session, 1)
  }

  /** Puts a session behind all others. */
  add(session: Session): void {
    this.#sessions.set(session.number, session)
    this.#count(session, 1)
  }

  /** A number that is equal where the tables are equal; 0 where none was ever opened. */
  hash(): number {
    if (this.opened === 0) return 0
    const { low, high } = new Digest().number(this.opened).number(this.floor).number(this.executions).finish()
    return joined((this.#low + low) | 0, (this.#high + high) | 0)
  }

  /** Lets go what is too much, but not `busy`: where bytes are short, sessions that keep none would not help. */
  #evict(busy: Session): void {
    for (const session of this.#sessions.values()) {
      const many = this.#sessions.size > this.#most
      if (!many && this.#bytes <= this.#mostBytes) return
      if (session === busy || (!many && session.bytes === 0)) continue
      this.#remove(session)
      this.floor = Math.max(this.floor, session.number)
    }
  }

  #remove(session: Session): void {
    this.#sessions.delete(session.number)
    this.#count(session, -1)
  }

  #count({ low, high, bytes }: Session, sign: number): void {
    this.#low = (this.#low + sign * low) | 0
    this.#high = (this.#high + sign * high) | 0
    this.#bytes += sign * bytes
  }
}
