/** A key-value state in the making from a snapshot's pieces, apart from the store until all of it is checked. */
import { SynodError } from '../errors.ts'
import { Entry, rehash } from './entry.ts'
import { type EntryRecord, type HistoryRecord, PieceReader, type SnapshotHead } from './piece.ts'

/** Takes the pieces in order, then gives the state. */
export class Assembly {
  readonly entries = new Map<string, Entry>()
  /** The sums of the entries' hashes. */
  low = 0
  high = 0
  readonly #histories: boolean
  readonly #epoch: number
  #head: SnapshotHead | null = null
  #pieces = 0
  #complete = false
  /** How many values of history are still to come, by key. */
  readonly #owed = new Map<string, number>()

  /**
   * @param histories whether the store keeps histories; if the snapshot has none, they begin with the values in it
   * @param epoch what the entries are stamped with
   */
  constructor(histories: boolean, epoch: number) {
    this.#histories = histories
    this.#epoch = epoch
  }

  /** @throws SynodError `malformed` when this is not the next piece of the same snapshot */
  add(bytes: Uint8Array): void {
    const piece = new PieceReader(bytes)
    this.#head ??= piece.head
    if (this.#complete || piece.number !== this.#pieces || !same(this.#head, piece.head))
      throw new SynodError('malformed', 'the pieces of the snapshot are not in order or not of one snapshot')
    this.#pieces++
    this.#complete = piece.last
    for (let record = piece.read(); record !== null; record = piece.read())
      if (record.kind === 'entry') this.#entry(record, piece.head.histories)
      else this.#history(record)
  }

  /** @throws SynodError `malformed` when pieces are missing or do not add up to the state they are of */
  finish(): void {
    const head = this.#head
    if (!this.#complete || head === null || this.#owed.size > 0)
      throw new SynodError('malformed', 'the snapshot is not complete')
    if (head.entries !== this.entries.size || head.low !== this.low || head.high !== this.high)
      throw new SynodError('malformed', 'the snapshot does not add up to the state it was taken of')
  }

  #entry({ histories, key, value, version }: EntryRecord, recorded: boolean): void {
    if (this.entries.has(key)) throw new SynodError('malformed', 'the snapshot holds a key twice')
    const entry = new Entry(this.entries.size, this.#epoch, this.#histories ? [] : null)
    entry.value = value
    entry.version = version
    rehash(key, entry)
    this.low = (this.low + entry.low) | 0
    this.high = (this.high + entry.high) | 0
    this.entries.set(key, entry)
    if (histories > 0) this.#owed.set(key, histories)
    if (!recorded && value !== null) entry.history?.push(value)
  }

  #history({ key, value }: HistoryRecord): void {
    const owed = this.#owed.get(key)
    if (owed === undefined) throw new SynodError('malformed', 'the snapshot holds history that no key announced')
    if (owed > 1) this.#owed.set(key, owed - 1)
    else this.#owed.delete(key)
    this.entries.get(key)?.history?.push(value)
  }
}

function same(a: SnapshotHead, b: SnapshotHead): boolean {
  return a.histories === b.histories && a.entries === b.entries && a.low === b.low && a.high === b.high
}
