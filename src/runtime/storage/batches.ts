/**
 * Records on their way to the log, in batches of bounded length: a turn may append more than one buffer or one write can
 * take, as a node does that installs a snapshot.
 */
import type { StoredRecord } from '../../seams.ts'
import { Batch, RECORD_HEADER } from './format/batch.ts'

export class Batches {
  readonly #most: number
  #full: Batch[] = []
  #last = new Batch()
  /** An empty one in reserve. */
  #spare: Batch | null = null

  /** @param most how many bytes a batch may have; one with a single record may have more */
  constructor(most: number) {
    this.#most = most
  }

  add(record: StoredRecord): void {
    const size = this.#last.size + RECORD_HEADER + record.payload.length
    if (size > this.#most && !this.#last.empty) this.#close()
    this.#last.add(record)
  }

  /** Hands over what was added, in order. */
  take(): readonly Batch[] {
    if (!this.#last.empty) this.#close()
    const batches = this.#full
    this.#full = []
    return batches
  }

  /** Takes back a batch that is written, and frees its memory but for what the next one may well need. */
  giveBack(batch: Batch): void {
    batch.clear()
    this.#spare = batch
  }

  #close(): void {
    this.#full.push(this.#last)
    this.#last = this.#spare ?? new Batch()
    this.#spare = null
  }
}
