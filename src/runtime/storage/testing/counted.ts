/** A log of counted records for tests: record `n` says `n`, so whatever comes back is right only if it is 0, 1, 2 … */
import type { RecordKind, StoredRecord } from '../../../seams.ts'
import { type DiskOptions, DiskStorage } from '../disk-storage.ts'
import type { Files } from '../files.ts'
import type { Owner } from '../format/manifest.ts'

export const DIRECTORY = '/data/1.1'
export const OWNER: Owner = { cluster: 'synod', members: ['1.1', '1.2'], node: '1.1', algorithm: 'paxos' }
export const KINDS: readonly RecordKind[] = [
  { number: 0, name: 'Zero', shape: 'a' },
  { number: 16, name: 'Counted', shape: 'b' },
]

/** Record `n`; some are empty but for their number, some are long. */
export function record(n: number): StoredRecord {
  const payload = new Uint8Array(4 + (n % 5) * (n % 7))
  new DataView(payload.buffer).setUint32(0, n, true)
  payload.fill(n, 4)
  return { number: n % 3 === 0 ? 0 : 16, payload }
}

/** All records below `count`, as a checkpoint gives them. */
export function* recordsBelow(count: number): Generator<StoredRecord> {
  for (let n = 0; n < count; n++) yield record(n)
}

/** How small its parts are. */
export type Limits = Partial<Pick<DiskOptions, 'segmentBytes' | 'batchBytes' | 'checkpointBytes'>>

/** A storage in use. */
export class Counted {
  readonly storage: DiskStorage
  /** How many records came back at the start. */
  readonly recovered: number
  appended: number
  /** How many are durable, by the storage's word. */
  acknowledged: number
  failure: unknown = null

  private constructor(storage: DiskStorage) {
    this.storage = storage
    let count = 0
    for (const found of storage.recover(KINDS)) {
      const wanted = record(count)
      if (found.number !== wanted.number || Buffer.compare(found.payload, wanted.payload) !== 0) {
        throw new Error(`record ${count} is wrong`)
      }
      count += 1
    }
    this.recovered = count
    this.appended = count
    this.acknowledged = count
  }

  /** Opens and recovers; small files, so that there are many. */
  static async open(files: Files, options: Limits = {}): Promise<Counted> {
    const storage = await DiskStorage.open({
      directory: DIRECTORY,
      owner: OWNER,
      files,
      segmentBytes: 300,
      checkpointBytes: 400,
      ...options,
    })
    try {
      return new Counted(storage)
    } catch (error) {
      await storage.close()
      throw error
    }
  }

  append(count: number): void {
    for (; count > 0; count--) this.storage.append(record(this.appended++))
  }

  /** Settles when the sync has ended, well or not. */
  sync(): Promise<void> {
    const target = this.appended
    return this.#settled(
      (done, failed) => this.storage.sync(done, failed),
      () => {
        this.acknowledged = target
      },
    )
  }

  /** Settles when the checkpoint has ended, well or not. */
  checkpoint(): Promise<void> {
    const records = recordsBelow(this.appended)
    return this.#settled(
      (done, failed) => this.storage.checkpoint(records, done, failed),
      () => {},
    )
  }

  #settled(start: (done: () => void, failed: (error: unknown) => void) => void, good: () => void): Promise<void> {
    return new Promise((resolve) => {
      start(
        () => {
          good()
          resolve()
        },
        (error) => {
          this.failure = error
          resolve()
        },
      )
    })
  }
}

/** Appends and syncs as `batches` say: each a number of records; checkpoints when one is due. Ends at a failure. */
export async function work(log: Counted, batches: readonly number[]): Promise<void> {
  let checkpoint: Promise<void> = Promise.resolve()
  for (const count of batches) {
    log.append(count)
    if (log.storage.checkpointDue) checkpoint = log.checkpoint()
    const synced = log.sync()
    // What comes while the sync is under way is in the next batch.
    log.append(count % 2)
    await synced
    if (log.failure !== null) break
  }
  await checkpoint
}
