/**
 * The mark of a directory in use (`format/mark-slots.ts` has its form). It is written after the acknowledgement and is not
 * waited for: it may lag, and is never ahead.
 */
import type { File, Files } from './files.ts'
import { damage } from './format/damage.ts'
import { encodeSlot, MARK_BYTES, type Position, readMark, SLOT_OFFSETS } from './format/mark-slots.ts'
import { readWhole, writeWhole } from './whole-file.ts'

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
  static create(files: Files, path: string): Promise<void> {
    return writeWhole(files, path, new Uint8Array(MARK_BYTES))
  }

  /** Whether a mark is as it was made. */
  static async isEmpty(files: Files, path: string): Promise<boolean> {
    const bytes = await readWhole(files, path)
    return bytes.length === MARK_BYTES && bytes.every((byte) => byte === 0)
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
    try {
      const { position, slot } = readMark(file, incarnation)
      return new Mark(file, incarnation, position, 1 - slot)
    } catch (error) {
      await file.close()
      throw error
    }
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
      const bytes = encodeSlot(this.#incarnation, position)
      await this.#file.write(bytes, SLOT_OFFSETS[this.#slot]!)
      this.#slot = 1 - this.#slot
      this.#written = position
    }
  }
}
