/** The key-value store: the state machine that Synod's servers replicate. Deterministic, and alone with its bytes. */
import { ABSENT, type Command, conditionOf, Op } from '../command.ts'
import { SynodError } from '../errors.ts'
import type { Result } from '../request.ts'
import { Assembly } from './assembly.ts'
import { joined } from './digest.ts'
import { Entry, rehash } from './entry.ts'
import { FrozenPieces } from './frozen.ts'
import type { StateMachine } from './state-machine.ts'

/** How long a snapshot's pieces are unless told otherwise. */
const PIECE_BYTES = 256 * 1024

/** How a store is made. */
export interface KeyValueStoreOptions {
  /** Whether to keep every value ever written, for `history`. Default false. */
  readonly multiversion?: boolean
}

/**
 * See the file's head. Bytes are copied in and out: what a caller does to its own never reaches the store. Holds at
 * most 2^24 keys, as many as a Map does.
 */
export class KeyValueStore implements StateMachine {
  readonly multiversion: boolean
  /** Every key ever written. Keys are never removed: snapshots rely on it. */
  #entries = new Map<string, Entry>()
  /** The sums of the entries' hashes, two lanes of 32 bits. */
  #low = 0
  #high = 0
  /** The number of snapshots begun. */
  #epoch = 0
  /** The snapshots that still have pieces to make. */
  #snapshots: FrozenPieces[] = []

  constructor({ multiversion = false }: KeyValueStoreOptions = {}) {
    this.multiversion = multiversion
  }

  /** How many keys were ever written. */
  get size(): number {
    return this.#entries.size
  }

  /** Applies a write; any other operation is a read, also one that this version does not know. Never throws for those. */
  execute(command: Command): Result {
    const { op, key } = command
    if (op === Op.put) return this.set(key, command.value)
    if (op === Op.delete) return this.#delete(key)
    if (op === Op.compareAndSet || op === Op.compareAndDelete) return this.#compare(command)
    return this.get(key)
  }

  /** The value under `key`, null when absent, and how often the key was written. */
  get(key: string): Result {
    const entry = this.#entries.get(key)
    return entry
      ? { value: copy(entry.value), version: entry.version, effect: 'done' }
      : { value: null, version: 0, effect: 'done' }
  }

  /** How long the value under `key` is, 0 when absent: before it is copied. */
  lengthOf(key: string): number {
    return this.#entries.get(key)?.value?.length ?? 0
  }

  /**
   * Writes `value` under `key`; null makes it absent, and counts as a write.
   * @param version what the key's version becomes, for state that comes from elsewhere; one more than it was by default
   * @returns the previous value and the new version
   * @throws SynodError `internal` when `version` is no integer in [0, 2^53 − 1]
   */
  set(key: string, value: Uint8Array | null, version?: number): Result {
    if (version !== undefined && !(Number.isSafeInteger(version) && version >= 0))
      throw new SynodError('internal', `${version} is no version of a key`)
    let entry = this.#entries.get(key)
    if (entry === undefined) {
      entry = new Entry(this.#entries.size, this.#epoch, this.multiversion ? [] : null)
      this.#entries.set(key, entry)
    } else if (this.#snapshots.length > 0) {
      for (const snapshot of this.#snapshots) snapshot.save(entry)
    }
    const previous = copy(entry.value)
    this.#low -= entry.low
    this.#high -= entry.high
    this.#keep(entry, value)
    entry.version = version ?? entry.version + 1
    entry.epoch = this.#epoch
    rehash(key, entry)
    this.#low = (this.#low + entry.low) | 0
    this.#high = (this.#high + entry.high) | 0
    return { value: previous, version: entry.version, effect: 'done' }
  }

  /**
   * A delete counts as a write, and the key's count outlives its value: a version that a client has seen never comes
   * back for another value, so an old one never compares as equal. What is absent already stays as it is, so that
   * deletes of keys that never were take no room.
   */
  #delete(key: string): Result {
    const entry = this.#entries.get(key)
    if (entry === undefined || entry.value === null)
      return { value: null, version: entry?.version ?? 0, effect: 'absent' }
    return this.set(key, null)
  }

  /** Only a present key has a version to match: the count that a deleted one left behind matches nothing. */
  #compare(command: Command): Result {
    const { op, key } = command
    const condition = conditionOf(command)
    const entry = this.#entries.get(key)
    const actual = entry === undefined || entry.value === null ? ABSENT : entry.version
    if (condition === null || condition.expected !== actual) {
      const { value, version } = this.get(key)
      return { value, version, effect: 'mismatch' }
    }
    return op === Op.compareAndSet ? this.set(key, condition.value) : this.#delete(key)
  }

  /**
   * Gives `entry` its own copy of `value`. While neither a snapshot nor a history can hold the old bytes they are
   * overwritten: with a million keys, new arrays that live until the next write would cost more than all the rest.
   */
  #keep(entry: Entry, value: Uint8Array | null): void {
    const old = entry.value
    if (old === null || value?.length !== old.length || entry.history !== null || this.#snapshots.length > 0) {
      entry.value = copy(value)
      if (entry.value !== null) entry.history?.push(entry.value)
    } else old.set(value)
  }

  /**
   * Every value written under `key` until now, oldest first; null when it was never written or histories are not kept. The
   * values are the store's own, which never change, and not to be changed: a history may be too long for a copy.
   */
  history(key: string): readonly Uint8Array[] | null {
    return this.#entries.get(key)?.history?.slice() ?? null
  }

  /**
   * The state at this moment, as pieces that are made while they are taken, once; writes may go on meanwhile. Until
   * the pieces are exhausted or given up (by leaving a `for … of`, or `return()`), they keep what is overwritten.
   * @param pieceBytes how long a piece should be; one record (a key and one value) that is longer makes a longer piece
   */
  snapshot(pieceBytes = PIECE_BYTES): IterableIterator<Uint8Array> {
    const head = { histories: this.multiversion, entries: this.#entries.size, low: this.#low, high: this.#high }
    const pieces = new FrozenPieces(this.#entries, head, this.#epoch++, pieceBytes, (done) => {
      this.#snapshots = this.#snapshots.filter((snapshot) => snapshot !== done)
    })
    this.#snapshots.push(pieces)
    return pieces
  }

  /**
   * Replaces the state by a snapshot's. Histories follow this store's `multiversion`: they are dropped where it is off,
   * and begin with the snapshot's values where the snapshot has none. Snapshots being taken still show the old state.
   * @throws SynodError `malformed` when the pieces are no complete, undamaged snapshot; the state is then as it was
   */
  restore(pieces: Iterable<Uint8Array>): void {
    const assembly = new Assembly(this.multiversion, this.#epoch)
    for (const piece of pieces) assembly.add(piece)
    assembly.finish()
    this.#entries = assembly.entries
    this.#low = assembly.low
    this.#high = assembly.high
    this.#snapshots = []
  }

  keys(command: Command): readonly string[] {
    return [command.key]
  }

  isRead({ op }: Command): boolean {
    return op < Op.put || op > Op.compareAndDelete
  }

  /** Over keys, versions and values, in whatever order they were written; a safe integer, known without computing. */
  hash(): number {
    return joined(this.#low, this.#high)
  }
}

/** A plain array with the same bytes: a Buffer's own `slice` would share them. */
function copy(value: Uint8Array | null): Uint8Array | null {
  return value === null ? null : new Uint8Array(value)
}
