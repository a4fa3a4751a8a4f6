/**
 * The form of a snapshot's pieces. Each can be checked and read alone; together they are complete and in order.
 *
 *     head    magic u32, number u32, flags u8 (1 last, 2 histories), entries u32, hash 2 × u32
 *     record  1 u8, key, version f64, histories u32, value        the state of a key
 *             2 u8, key, value                                    the next value of that key's history
 *     tail    CRC-32 of all before it
 *
 * Numbers are little-endian. A key is u32 (units · 2, + 1 when a unit takes two bytes) and its UTF-16 units, so every
 * string comes back as it was, lone surrogates too. A value is u32 and its bytes; the length 2^32 − 1 stands for null.
 * Head: `entries` and `hash` are the whole snapshot's, the same in all pieces, so pieces of two snapshots never mix.
 */
import { SynodError } from '../errors.ts'
import { crc32 } from './crc32.ts'

const MAGIC = 0x564b5953
const HEAD = 21
const TAIL = 4
const LAST = 1
const HISTORIES = 2
const ABSENT = 0xffffffff

/** How long the buffer of a writer is at first, at most. */
const FIRST_BYTES = 4096

/** What the pieces of one snapshot have in common. */
export interface SnapshotHead {
  /** Whether it was taken from a store that keeps histories. */
  readonly histories: boolean
  /** How many keys it holds. */
  readonly entries: number
  /** The two lanes of the state's hash, as signed integers. */
  readonly low: number
  readonly high: number
}

/** A key's state, to be followed by `histories` values of its history. */
export interface EntryRecord {
  readonly kind: 'entry'
  readonly key: string
  readonly version: number
  readonly histories: number
  readonly value: Uint8Array | null
}

/** The next value of a key's history. */
export interface HistoryRecord {
  readonly kind: 'history'
  readonly key: string
  readonly value: Uint8Array
}

/** Writes pieces, one after another, into one buffer that grows to the size of the largest. */
export class PieceWriter {
  readonly limit: number
  readonly head: SnapshotHead
  /** The number of the piece being written. */
  number = 0
  #bytes: Uint8Array
  #view: DataView
  #length = HEAD

  /** @param limit how long a piece should be at most; one record that is longer makes a longer piece */
  constructor(head: SnapshotHead, limit: number) {
    this.head = head
    this.limit = limit
    this.#bytes = new Uint8Array(Math.min(HEAD + limit + TAIL, FIRST_BYTES))
    this.#view = new DataView(this.#bytes.buffer)
  }

  /** Writes a key's state; false, and nothing written, when it must go to the next piece. */
  entry(key: string, version: number, histories: number, value: Uint8Array | null): boolean {
    if (!this.#open(1, key, 12 + sizeOf(value))) return false
    this.#view.setFloat64(this.#length, version, true)
    this.#uint32(this.#length + 8, histories)
    this.#length += 12
    this.#value(value)
    return true
  }

  /** Writes the next value of a key's history; false, and nothing written, when it must go to the next piece. */
  history(key: string, value: Uint8Array): boolean {
    if (!this.#open(2, key, sizeOf(value))) return false
    this.#value(value)
    return true
  }

  /** The finished piece, in memory of its own; the writer goes on with the next. */
  finish(last: boolean): Uint8Array {
    const { entries, high, histories, low } = this.head
    this.#uint32(0, MAGIC)
    this.#uint32(4, this.number++)
    this.#bytes[8] = (last ? LAST : 0) | (histories ? HISTORIES : 0)
    this.#uint32(9, entries)
    this.#uint32(13, low)
    this.#uint32(17, high)
    this.#reserve(TAIL)
    this.#uint32(this.#length, crc32(this.#bytes, 0, this.#length))
    const piece = this.#bytes.slice(0, this.#length + TAIL)
    this.#length = HEAD
    return piece
  }

  /** Begins a record of `size` bytes beyond its kind and key, if there is room for all of it. */
  #open(kind: number, key: string, size: number): boolean {
    const wide = isWide(key)
    const all = 5 + (wide ? 2 * key.length : key.length) + size
    if (this.#length > HEAD && this.#length + all + TAIL > this.limit) return false
    this.#reserve(all)
    this.#bytes[this.#length] = kind
    this.#uint32(this.#length + 1, key.length * 2 + (wide ? 1 : 0))
    this.#length += 5
    for (let i = 0; i < key.length; i++) {
      const unit = key.charCodeAt(i)
      this.#bytes[this.#length++] = unit
      if (wide) this.#bytes[this.#length++] = unit >>> 8
    }
    return true
  }

  #value(value: Uint8Array | null): void {
    this.#uint32(this.#length, value === null ? ABSENT : value.length)
    this.#length += 4
    if (value === null) return
    this.#bytes.set(value, this.#length)
    this.#length += value.length
  }

  #uint32(at: number, value: number): void {
    this.#view.setUint32(at, value, true)
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(this.#length + more, 2 * this.#bytes.length))
    larger.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = larger
    this.#view = new DataView(larger.buffer)
  }
}

function sizeOf(value: Uint8Array | null): number {
  return 4 + (value?.length ?? 0)
}

function isWide(key: string): boolean {
  for (let i = 0; i < key.length; i++) if (key.charCodeAt(i) > 0xff) return true
  return false
}

/** Reads one piece, after checking all of it. */
export class PieceReader {
  readonly head: SnapshotHead
  readonly number: number
  readonly last: boolean
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #end: number
  #offset = HEAD

  /** @throws SynodError `malformed` when the bytes are no piece, or damaged */
  constructor(bytes: Uint8Array) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    if (bytes.length < HEAD + TAIL || view.getUint32(0, true) !== MAGIC)
      throw new SynodError('malformed', 'these bytes are no piece of a snapshot')
    this.#end = bytes.length - TAIL
    if (view.getUint32(this.#end, true) !== crc32(bytes, 0, this.#end))
      throw new SynodError('malformed', 'a piece of the snapshot is damaged')
    this.#bytes = bytes
    this.#view = view
    this.number = view.getUint32(4, true)
    const flags = bytes[8]!
    this.last = (flags & LAST) !== 0
    this.head = {
      histories: (flags & HISTORIES) !== 0,
      entries: view.getUint32(9, true),
      low: view.getInt32(13, true),
      high: view.getInt32(17, true),
    }
  }

  /**
   * The next record, its bytes in memory of their own; null at the end.
   * @throws SynodError `malformed` when it is none
   */
  read(): EntryRecord | HistoryRecord | null {
    if (this.#offset === this.#end) return null
    const kind = this.#bytes[this.#take(1)]
    const key = this.#key()
    if (kind === 1) {
      const version = this.#view.getFloat64(this.#take(8), true)
      const histories = this.#view.getUint32(this.#take(4), true)
      if (Number.isSafeInteger(version) && version >= 0)
        return { kind: 'entry', key, version, histories, value: this.#value() }
    } else if (kind === 2) {
      const value = this.#value()
      if (value !== null) return { kind: 'history', key, value }
    }
    throw new SynodError('malformed', 'a record of the snapshot is no record')
  }

  /** Passes over `size` bytes and gives where they begin. */
  #take(size: number): number {
    const at = this.#offset
    if (size > this.#end - at) throw new SynodError('malformed', 'a record of the snapshot is cut off')
    this.#offset += size
    return at
  }

  #key(): string {
    const head = this.#view.getUint32(this.#take(4), true)
    const wide = (head & 1) !== 0
    const units = head >>> 1
    const at = this.#take(wide ? 2 * units : units)
    let key = ''
    for (let from = 0; from < units; from += 1024) {
      const chunk: number[] = []
      for (let i = from; i < Math.min(units, from + 1024); i++)
        chunk.push(wide ? this.#view.getUint16(at + 2 * i, true) : this.#bytes[at + i]!)
      key += String.fromCharCode(...chunk)
    }
    return key
  }

  #value(): Uint8Array | null {
    const length = this.#view.getUint32(this.#take(4), true)
    if (length === ABSENT) return null
    const at = this.#take(length)
    return new Uint8Array(this.#bytes.subarray(at, at + length))
  }
}
