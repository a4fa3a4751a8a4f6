/** A log whose syncs end when a test says so; it outlives the nodes that use it. */
import type { Storage, StoredRecord } from '../../src/seams.ts'

export class HandDisk implements Storage {
  readonly durable: boolean
  incarnation: number
  readonly records: StoredRecord[] = []
  /** How many records are on disk. */
  synced = 0
  /** Syncs begun so far, and those under way. */
  syncs = 0
  readonly #inFlight: { readonly target: number; readonly done: () => void }[] = []

  constructor(durable: boolean, incarnation: number) {
    this.durable = durable
    this.incarnation = incarnation
  }

  recover(): Iterable<StoredRecord> {
    return this.records.slice()
  }

  append(record: StoredRecord): void {
    if (!this.durable) throw new Error('append without a disk')
    this.records.push(record)
  }

  sync(done: () => void): void {
    this.syncs += 1
    this.#inFlight.push({ target: this.records.length, done })
  }

  get inFlight(): number {
    return this.#inFlight.length
  }

  /** Ends the oldest sync under way. */
  finish(): void {
    const sync = this.#inFlight.shift()
    if (!sync) throw new Error('no sync is under way')
    this.synced = sync.target
    sync.done()
  }

  /** The process ends: what was not synced is gone. */
  crash(): void {
    this.records.length = this.synced
    this.#inFlight.length = 0
  }
}
