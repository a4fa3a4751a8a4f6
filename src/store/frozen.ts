/**
 * A snapshot of the key-value store in the making: the state at one moment, while writes go on.
 *
 * Keys are never removed from the store's map, so its first `head.entries` keys are the ones of that moment. An entry
 * is shared with the store until it is written; before that, the store hands its old state to `save`.
 */
import type { Entry } from './entry.ts'
import { PieceWriter, type SnapshotHead } from './piece.ts'

/** A key's state at that moment. Arrays are shared: while a snapshot lives values never change, histories only grow. */
interface Frozen {
  readonly value: Uint8Array | null
  readonly version: number
  readonly history: readonly Uint8Array[] | null
  readonly histories: number
}

/** The pieces of one snapshot, made as they are taken, once. */
export class FrozenPieces implements IterableIterator<Uint8Array, undefined> {
  /** The store's epoch at the moment of the snapshot. */
  readonly epoch: number
  /** How many entries were taken from the map; those need no saving any more. */
  passed = 0
  /** What was overwritten since and is still to be written out. */
  readonly saved = new Map<Entry, Frozen>()
  readonly #rest: Iterator<[string, Entry]>
  readonly #writer: PieceWriter
  readonly #release: (pieces: FrozenPieces) => void
  #done = false
  /** The entry that is being written out, and how far. */
  #key = ''
  #current: Frozen | null = null
  /** −1 before the entry's own record, then how many values of its history are out. */
  #written = -1

  /**
   * @param release called once, when the pieces are exhausted or given up: no more saving then
   */
  constructor(
    entries: ReadonlyMap<string, Entry>,
    head: SnapshotHead,
    epoch: number,
    limit: number,
    release: (pieces: FrozenPieces) => void,
  ) {
    this.epoch = epoch
    this.#rest = entries.entries()
    this.#writer = new PieceWriter(head, limit)
    this.#release = release
  }

  [Symbol.iterator](): this {
    return this
  }

  /** Keeps the state of an entry that is about to be written. */
  save(entry: Entry): void {
    if (entry.epoch <= this.epoch && entry.ordinal >= this.passed) this.saved.set(entry, freeze(entry))
  }

  next(): IteratorResult<Uint8Array, undefined> {
    if (this.#done) return { done: true, value: undefined }
    const last = this.#fill()
    const piece = this.#writer.finish(last)
    if (last) this.return()
    return { done: false, value: piece }
  }

  /** Gives the rest up. */
  return(): IteratorResult<Uint8Array, undefined> {
    if (!this.#done) {
      this.#done = true
      this.#current = null
      this.saved.clear()
      this.#release(this)
    }
    return { done: true, value: undefined }
  }

  /** Writes records until the piece is full (false) or nothing is left (true). */
  #fill(): boolean {
    for (;;) {
      this.#current ??= this.#take()
      if (this.#current === null) return true
      if (!this.#write(this.#current)) return false
      this.#current = null
    }
  }

  #take(): Frozen | null {
    if (this.passed === this.#writer.head.entries) return null
    const [key, entry] = this.#rest.next().value as [string, Entry]
    const frozen = this.saved.get(entry) ?? freeze(entry)
    this.saved.delete(entry)
    this.passed++
    this.#key = key
    this.#written = -1
    return frozen
  }

  /** Writes what is left of an entry; false when the piece is full before its end. */
  #write({ histories, history, value, version }: Frozen): boolean {
    if (this.#written < 0 && !this.#writer.entry(this.#key, version, histories, value)) return false
    for (this.#written = Math.max(0, this.#written); this.#written < histories; this.#written++)
      if (!this.#writer.history(this.#key, history![this.#written]!)) return false
    return true
  }
}

function freeze({ history, value, version }: Entry): Frozen {
  return { value, version, history, histories: history?.length ?? 0 }
}
