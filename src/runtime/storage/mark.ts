/**
 * How far the log is known to be acknowledged, in a file of its own. A log that ends before its mark has lost something,
 * though its last bytes look like a write that a crash cut short.
 *
 *     byte   0 | slot |        the slots are written in turn, so that one is whole whatever becomes of the other
 *          512 | slot |
 *
 *     slot     +--------------+-------------------+---------------+-----------+
 *              | incarnation  | number of the     | acknowledged  | CRC (u32) |      the first three are f64,
 *              |              | log file          | up to byte    |           |      little endian
 *              +--------------+-------------------+---------------+-----------+
 *
 * The mark is written after the acknowledgement and is not waited for: it may lag, and is never ahead.
 */
import { crc32 } from 'node:zlib'
import { damage } from './damage.ts'
import type { File, Files } from './files.ts'

/** A place in the log. */
export interface Position {
  readonly number: number
  readonly end: number
}

const SLOT_BYTES = 28
const SLOT_OFFSETS = [0, 512] as const
const FILE_BYTES = 1024

export class Mark {
  readonly #file: File
  readonly #incarnation: number
  /** What is to be written, what was written last, and which slot is next. */
  #latest: Position | null = null
  #written: Position | null
  #slot: number
  #writing: Promise<void> | null = null
  /** Why the mark cannot be written any more, or null. */
  failure: unknown = null

  private constructor(file: File, incarnation: number, written: Position | null, slot: number) {
    this.#file = file
    this.#incarnation = incarnation
    this.#written = written
    this.#slot = slot
  }

  /** Makes an empty mark. */
  static async create(files: Files, path: string): Promise<void> {
    const file = await files.open(path, 'new')
    await file.write(new Uint8Array(FILE_BYTES), 0)
    await file.sync()
    await file.close()
  }

  /** @throws SynodError `storage` when the mark is of another memory, or not there */
  static async open(files: Files, path: string, incarnation: number): Promise<Mark> {
    let file: File
    try {
      file = await files.open(path, 'write')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw damage(path, null, 'this file is missing')
      throw error
    }
    const slots = SLOT_OFFSETS.map((offset) => readSlot(file, offset))
    if (slots.some((slot) => slot && slot.incarnation !== incarnation)) {
      await file.close()
      throw damage(path, 0, 'the mark belongs to the records of another directory')
    }
    const newer = isBehind(slots[0]!, slots[1]!) ? 1 : 0
    return new Mark(file, incarnation, slots[newer]!, 1 - newer)
  }

  /** What was acknowledged, as far as the file says; null when nothing was. */
  get position(): Position | null {
    return this.#written
  }

  /** Notes how far the log is acknowledged. Writes at most one slot at a time; the last one always is written. */
  advance(position: Position): void {
    this.#latest = position
    this.#writing ??= this.#write()
      .catch((error: unknown) => {
        this.failure = error
      })
      .finally(() => {
        this.#writing = null
      })
  }

  /** Settles when nothing is being written. */
  async settled(): Promise<void> {
    await this.#writing
  }

  async close(): Promise<void> {
    await this.#file.close()
  }

  async #write(): Promise<void> {
    while (this.#latest !== this.#written && this.failure === null) {
      const position = this.#latest!
      const bytes = new Uint8Array(SLOT_BYTES)
      const view = new DataView(bytes.buffer)
      view.setFloat64(0, this.#incarnation, true)
      view.setFloat64(8, position.number, true)
      view.setFloat64(16, position.end, true)
      view.setUint32(24, crc32(bytes.subarray(0, 24)), true)
      await this.#file.write(bytes, SLOT_OFFSETS[this.#slot]!)
      this.#slot = 1 - this.#slot
      this.#written = position
    }
  }
}

function readSlot(file: File, offset: number): (Position & { readonly incarnation: number }) | null {
  const bytes = new Uint8Array(SLOT_BYTES)
  if (file.read(bytes, offset) < SLOT_BYTES) return null
  const view = new DataView(bytes.buffer)
  if (view.getUint32(24, true) !== crc32(bytes.subarray(0, 24))) return null
  const [incarnation, number, end] = [0, 8, 16].map((at) => view.getFloat64(at, true)) as [number, number, number]
  return { incarnation, number, end }
}

/** Whether the first place is before the second. No place is before all others. */
function isBehind(a: Position | null, b: Position | null): boolean {
  if (!a || !b) return a === null
  return a.number < b.number || (a.number === b.number && a.end < b.end)
}
