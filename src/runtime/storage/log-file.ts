/** A log file that is being written: a segment of the log, or a snapshot. Made aside and renamed when its head is safe. */
import assert from 'node:assert'
import { dirname } from 'node:path'
import type { File, Files } from './files.ts'
import { Batch, CLOSING } from './format/batch.ts'
import { encodeHead, type Head, type SealedHead } from './format/head.ts'

/** What a file is called before it counts. */
export const ASIDE = '.new'

export class LogFile {
  readonly number: number
  readonly head: SealedHead
  /** Behind the last whole batch. */
  end: number
  readonly #file: File

  constructor(file: File, head: SealedHead, end: number) {
    this.#file = file
    this.head = head
    this.number = head.head.number
    this.end = end
  }

  /** Makes a file that does not count yet, with its head. */
  static async create(files: Files, path: string, head: Head): Promise<LogFile> {
    const file = await files.open(path + ASIDE, 'new')
    const { bytes, sealed } = encodeHead(head)
    try {
      await file.write(bytes, 0)
      return new LogFile(file, sealed, sealed.end)
    } catch (error) {
      await file.close()
      throw error
    }
  }

  /** Makes all that was written durable. */
  sync(): Promise<void> {
    return this.#file.sync()
  }

  /** Lets the file count from now on, with all that is in it. */
  async publish(files: Files, path: string): Promise<void> {
    await this.#file.sync()
    await files.rename(path + ASIDE, path)
    await files.syncDirectory(dirname(path))
  }

  /** Writes a batch behind the others. */
  async write(batch: Batch): Promise<void> {
    // A header counts in 32 bits. No record is as long: a frame that would bring it is refused.
    assert(batch.size < 2 ** 32)
    const bytes = batch.sealed(this.head.seed, this.end)
    await this.#file.write(bytes, this.end)
    this.end += bytes.length
  }

  /** Writes the end: nothing follows. */
  async complete(): Promise<void> {
    await this.#file.write(new Batch().sealed(this.head.seed, this.end), this.end)
  }

  /** Cuts off a write that a crash cut short, or writes the closing bytes of a batch that lacks nothing else. */
  async mend(state: 'torn' | 'unclosed'): Promise<void> {
    if (state === 'torn') await this.#file.truncate(this.end)
    else await this.#file.write(CLOSING, this.end - CLOSING.length)
    await this.#file.sync()
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}
