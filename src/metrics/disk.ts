/** Measures a node's storage: a wrapper that counts what is appended and times what is made durable. */
import type { RecordKind, Storage, StoredRecord } from '../seams.ts'
import { Distribution } from './distribution.ts'

/** Seconds. */
const SECONDS = [0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1]

export class Disk implements Storage {
  readonly syncs = new Distribution(SECONDS)
  records = 0
  bytes = 0
  checkpoints = 0
  checkpointSeconds = 0
  readonly #inner: Storage

  constructor(inner: Storage) {
    this.#inner = inner
  }

  get durable(): boolean {
    return this.#inner.durable
  }

  get incarnation(): number {
    return this.#inner.incarnation
  }

  get forgot(): boolean {
    return this.#inner.forgot
  }

  get checkpointDue(): boolean {
    return this.#inner.checkpointDue
  }

  recover(kinds: readonly RecordKind[]): Iterable<StoredRecord> {
    return this.#inner.recover(kinds)
  }

  append(record: StoredRecord): void {
    this.records += 1
    this.bytes += record.payload.length
    this.#inner.append(record)
  }

  sync(done: () => void, failed: (error: unknown) => void): void {
    const begin = performance.now()
    this.#inner.sync(() => {
      this.syncs.observe((performance.now() - begin) / 1000)
      done()
    }, failed)
  }

  checkpoint(records: Iterator<StoredRecord>, done: () => void, failed: (error: unknown) => void): void {
    const begin = performance.now()
    const finished = (): void => {
      this.checkpoints += 1
      this.checkpointSeconds += (performance.now() - begin) / 1000
      done()
    }
    this.#inner.checkpoint(records, finished, failed)
  }
}
