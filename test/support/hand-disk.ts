/** A log whose syncs end when a test says so; it outlives the nodes that use it. */
import type { Storage, StoredRecord } from '../../src/seams.ts'

/** A sync under way: how many records it is for, and what to call at its end. */
interface Sync {
  target: number
  readonly done: () => void
  readonly failed: (error: unknown) => void
}

export class HandDisk implements Storage {
  readonly durable: boolean
  incarnation: number
  forgot = false
  readonly records: StoredRecord[] = []
  /** How many records are on disk. */
  synced = 0
  /** Syncs begun so far, and those under way. */
  syncs = 0
  readonly #inFlight: Sync[] = []

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

  sync(done: () => void, failed: (error: unknown) => void): void {
    this.syncs += 1
    this.#inFlight.push({ target: this.records.length, done, failed })
  }

  /** Whether the node is to make a checkpoint. */
  checkpointDue = false
  /** The checkpoint under way. */
  checkpointing: { readonly records: Iterator<StoredRecord>; readonly cut: number; readonly done: () => void } | null =
    null

  checkpoint(records: Iterator<StoredRecord>, done: () => void): void {
    if (this.checkpointing) throw new Error('a checkpoint is under way')
    this.checkpointDue = false
    this.checkpointing = { records, cut: this.records.length, done }
  }

  /** Ends the checkpoint under way. The records that it stands for are durable with it. */
  replace(): void {
    const { records, cut, done } = this.checkpointing!
    const taken: StoredRecord[] = []
    for (let next = records.next(); !next.done; next = records.next()) taken.push(next.value)
    this.checkpointing = null
    this.records.splice(0, cut, ...taken)
    const renumbered = (count: number) => Math.max(count, cut) - cut + taken.length
    this.synced = renumbered(this.synced)
    for (const sync of this.#inFlight) sync.target = renumbered(sync.target)
    done()
  }

  get inFlight(): number {
    return this.#inFlight.length
  }

  /** Ends the oldest sync under way. */
  finish(): void {
    const { target, done } = this.#next()
    this.synced = target
    done()
  }

  /** Ends the oldest sync under way with an error. */
  fail(error: unknown): void {
    this.#next().failed(error)
  }

  /** The process ends: what was not synced is gone. */
  crash(): void {
    this.records.length = this.synced
    this.#inFlight.length = 0
  }

  #next(): Sync {
    const sync = this.#inFlight.shift()
    if (!sync) throw new Error('no sync is under way')
    return sync
  }
}
