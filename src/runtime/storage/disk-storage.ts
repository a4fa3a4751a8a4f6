/**
 * Records on disk: a log in segments, each turn's records one batch and one sync, or several where they are long. What is
 * appended while a sync is under way is the next batch. A checkpoint replaces the log so far by a snapshot, which is written
 * beside the log's own work.
 *
 * All writing to the log goes through one queue, so that at most one sync is under way and batches keep their order.
 * After a failed write or sync nothing more is written: what is on disk then is not known, and a retry that succeeds
 * proves nothing, for the pages may count as clean.
 */
import { join } from 'node:path'
import { SynodError } from '../../errors.ts'
import type { RecordKind, Storage, StoredRecord } from '../../seams.ts'
import { located, unusableWithin } from '../unusable.ts'
import { Batches } from './batches.ts'
import { writeSnapshot } from './checkpoint.ts'
import { type Contents, makeDirectory, openDirectory, removeBelow } from './directory.ts'
import { type File, type Files, type Release, realFiles } from './files.ts'
import type { Batch } from './format/batch.ts'
import { Damage } from './format/damage.ts'
import type { Found } from './format/inspection.ts'
import type { Owner } from './format/manifest.ts'
import { pathOf } from './format/names.ts'
import { LogFile } from './log-file.ts'
import { replay } from './replay.ts'
import { setAside } from './set-aside.ts'

/** How a data directory is used. */
export interface DiskOptions {
  readonly directory: string
  readonly owner: Owner
  readonly files?: Files
  /** A file of the log that is longer gets a successor. */
  readonly segmentBytes?: number
  /** Records that would make a batch longer begin the next one. */
  readonly batchBytes?: number
  /** A checkpoint is due when the log behind the last one is longer than this, and than the last snapshot. */
  readonly checkpointBytes?: number
  /** Whether damaged records are set aside, for there are peers that may give them back; if not, they are refused. */
  readonly setsAside?: boolean
}

/** What was found at the start. */
export interface Recovered {
  readonly records: number
  readonly bytes: number
  /** Bytes of an unfinished write, which was never acknowledged, that were cut off. */
  readonly cut: number
  /** The folder that holds what was found damaged, as long as nothing has been recorded since; else null. */
  readonly aside: string | null
}

const SEGMENT_BYTES = 64 * 1024 * 1024
/** So long that a sync for each costs little, and so short that its checksum keeps nobody waiting. */
const BATCH_BYTES = 16 * 1024 * 1024
const CHECKPOINT_BYTES = 64 * 1024 * 1024

export class DiskStorage implements Storage {
  readonly durable = true
  readonly incarnation: number
  /** What was wrong with an earlier memory of this node, which is lost; null when there was none. */
  readonly damage: string | null
  readonly recovered: Recovered
  readonly #directory: string
  readonly #files: Files
  readonly #segmentBytes: number
  readonly #checkpointBytes: number
  readonly #contents: Contents
  readonly #release: Release
  #found: readonly Found<File>[]
  #kinds: readonly RecordKind[] = []
  #active: LogFile | null
  /** The number of the log's last file; 0 when there is none yet. */
  #number: number
  /** What is appended and not handed over to the queue. */
  readonly #pending: Batches
  #queue: Promise<void> = Promise.resolve()
  #failure: unknown = null
  #closed = false
  #checkpointing: Promise<void> | null = null
  /** What was appended since the last checkpoint began, and how long the last snapshot is. */
  #logBytes = 0
  #snapshotBytes = 0

  private constructor(options: DiskOptions, contents: Contents, release: Release) {
    this.#directory = options.directory
    this.#files = options.files ?? realFiles
    this.#segmentBytes = options.segmentBytes ?? SEGMENT_BYTES
    this.#checkpointBytes = options.checkpointBytes ?? CHECKPOINT_BYTES
    this.#pending = new Batches(options.batchBytes ?? BATCH_BYTES)
    this.#contents = contents
    this.#release = release
    this.#found = contents.files
    this.#active = contents.active
    this.#number = contents.files.at(-1)?.head.head.number ?? 0
    this.incarnation = contents.incarnation
    this.damage = contents.damage
    for (const { head, end } of contents.files) {
      if (head.head.kind === 'snapshot') this.#snapshotBytes = end
      else this.#logBytes += end
    }
    const { records, cut, kept } = contents
    const aside = kept !== null && records === 0 ? join(options.directory, kept) : null
    this.recovered = { records, bytes: this.#snapshotBytes + this.#logBytes, cut, aside }
  }

  /**
   * Opens a data directory, or makes one.
   * @throws SynodError `storage` when it is held by another process, or damaged and not to be set aside, or not possible to; `config`
   * when it holds the records of another node, cluster or algorithm, or cannot be used; or the system's error. Each names the
   * directory, or what in it is wrong
   */
  static async open(options: DiskOptions): Promise<DiskStorage> {
    const { directory, owner, files = realFiles } = options
    let release: Release | null = null
    try {
      await makeDirectory(files, directory)
      const held = await files.lock(directory)
      release = held
      const open = async () => new DiskStorage(options, await openDirectory(files, directory, owner), held)
      return await open().catch(async (error: unknown) => {
        if (!options.setsAside || !(error instanceof Damage)) throw error
        await setAside(files, directory, owner, error)
        return open()
      })
    } catch (error) {
      await release?.()
      throw unusableWithin(directory, error)
    }
  }

  get forgot(): boolean {
    return this.damage !== null
  }

  /** @throws SynodError, while the records are taken: `config` for a class of records that is not among `kinds` */
  recover(kinds: readonly RecordKind[]): Iterable<StoredRecord> {
    this.#kinds = kinds
    const found = this.#found
    this.#found = []
    return replay(found, kinds, ({ file, head }) => {
      if (head !== this.#contents.active?.head) void file.close()
    })
  }

  append(record: StoredRecord): void {
    this.#pending.add(record)
  }

  sync(done: () => void, failed: (error: unknown) => void): void {
    const batches = this.#pending.take()
    this.#enqueue(() => this.#write(batches)).then(done, failed)
  }

  /** How long the log behind the last snapshot is, and that snapshot. */
  get bytes(): { readonly log: number; readonly snapshot: number } {
    return { log: this.#logBytes, snapshot: this.#snapshotBytes }
  }

  /** Whether the log has become so long that a checkpoint is worth its while. */
  get checkpointDue(): boolean {
    if (this.#checkpointing || this.#closed) return false
    return this.#logBytes > Math.max(this.#checkpointBytes, this.#snapshotBytes)
  }

  /**
   * Replaces all that was appended so far by `records`, which are taken in pieces, while the log goes on; calls `done`
   * once that is durable, or `failed`. One checkpoint at a time.
   */
  checkpoint(records: Iterator<StoredRecord>, done: () => void, failed: (error: unknown) => void): void {
    const batches = this.#pending.take()
    this.#logBytes = 0
    // The snapshot counts only once all that it rests on is durable: the log up to here is synced and complete first.
    const cut = this.#enqueue(async () => {
      await this.#write(batches)
      await this.#rotate()
      return this.#number
    })
    this.#checkpointing = cut.then((number) => this.#replace(number, records))
    this.#checkpointing
      .catch((error: unknown) => {
        this.#end(error)
        throw error
      })
      .finally(() => {
        this.#checkpointing = null
        records.return?.()
      })
      .then(done, failed)
  }

  /** Ends the work under way, and gives the directory back. What was appended and not synced is lost. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#checkpointing?.catch(() => {})
    await this.#queue
    const { mark } = this.#contents
    await mark.settled()
    await mark.close()
    for (const { file, head } of this.#found) if (head !== this.#active?.head) await file.close()
    await this.#active?.close()
    await this.#release()
  }

  /** Runs a job behind all earlier ones. */
  #enqueue<T>(job: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(() => {
      const { failure } = this.#contents.mark
      if (failure !== null) this.#end(failure)
      if (this.#failure !== null) throw this.#failure
      return job()
    })
    this.#queue = result.then(
      () => {},
      (error: unknown) => this.#end(error),
    )
    return result
  }

  /** Lets this be the end of all writing. */
  #end(error: unknown): void {
    if (this.#failure !== null) return
    this.#failure = error
    located(this.#directory, error)
  }

  /**
   * Makes batches durable, each before the next is begun: so a loss of power leaves one unfinished at most, the last. Of two
   * it might leave the second one whole and the first one not, which cannot be told from damage.
   */
  async #write(batches: readonly Batch[]): Promise<void> {
    for (const batch of batches) {
      await this.#writeOne(batch)
      this.#pending.giveBack(batch)
    }
  }

  async #writeOne(batch: Batch): Promise<void> {
    if (!this.#active || this.#active.end >= this.#segmentBytes || !this.#speaks(this.#active)) await this.#rotate()
    const file = this.#active!
    this.#logBytes += batch.size
    await file.write(batch)
    await file.sync()
    this.#contents.mark.advance({ number: file.number, end: file.end })
  }

  /** Completes the last file of the log and begins the next. */
  async #rotate(): Promise<void> {
    const old = this.#active
    await old?.complete()
    await old?.sync()
    this.#active = null
    await old?.close()
    const number = this.#number + 1
    const path = pathOf(this.#directory, 'log', number)
    const head = { kind: 'log', number, incarnation: this.incarnation, records: this.#kinds } as const
    const file = await LogFile.create(this.#files, path, head)
    this.#active = file
    await file.publish(this.#files, path)
    this.#number = number
    this.#contents.mark.advance({ number, end: file.end })
  }

  /** Writes a snapshot that stands for the log below `number`, and removes that. */
  async #replace(number: number, records: Iterator<StoredRecord>): Promise<void> {
    const head = { kind: 'snapshot', number, incarnation: this.incarnation, records: this.#kinds } as const
    const path = pathOf(this.#directory, 'snapshot', number)
    const isClosed = () => this.#closed || this.#failure !== null
    const bytes = await writeSnapshot(this.#files, path, head, records, isClosed)
    if (bytes === null) throw this.#failure ?? new SynodError('storage', `${path}: given up`)
    this.#snapshotBytes = bytes
    await removeBelow(this.#files, this.#directory, number)
  }

  /** Whether a file's numbers mean what they mean to this program. */
  #speaks(file: LogFile): boolean {
    const { records } = file.head.head
    return (
      records.length === this.#kinds.length &&
      records.every(({ number, name, shape }, index) => {
        const kind = this.#kinds[index]!
        return kind.number === number && kind.name === name && kind.shape === shape
      })
    )
  }
}
