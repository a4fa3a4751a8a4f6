/**
 * How far the disk has come with what a node records: the numbers by which outputs wait, and how much is not durable yet,
 * with what waits to be said on it. A disk that is slower than its node, or hangs, would let that grow for ever: beyond a bound
 * the node handles nothing new until the disk has caught up. To the others it then looks like one that is paused.
 */
import type { StoredRecord } from './seams.ts'

/** About what a record takes besides its payload. */
const RECORD_BYTES = 32

/** See the file's head. */
export class Durability {
  /** The number of the last record appended, and of the last that is on disk. */
  persisted = 0
  synced = 0
  readonly #most: number
  #bytes = 0
  #syncedBytes = 0
  /** When the sync under way began; null when there is none. */
  #since: number | null = null
  readonly #outbox: { readonly heldBytes: number }

  /** @param most how many bytes may wait for the disk, of records and of outputs */
  constructor(most: number, outbox: { readonly heldBytes: number }) {
    this.#most = most
    this.#outbox = outbox
  }

  /** Counts a record that was appended. */
  add({ payload }: StoredRecord): void {
    this.persisted += 1
    this.#bytes += RECORD_BYTES + payload.length
  }

  /**
   * Begins a sync of all that was appended, unless one is under way or there is nothing; gives what is to be called when it
   * has ended.
   */
  begin(now: number): (() => void) | null {
    if (this.#since !== null || this.persisted === this.synced) return null
    this.#since = now
    const { persisted } = this
    const bytes = this.#bytes
    return () => {
      this.#since = null
      this.synced = persisted
      this.#syncedBytes = bytes
    }
  }

  /** Whether so much waits for the disk that nothing is handled until it has caught up. */
  get isBehind(): boolean {
    return this.unsyncedBytes > this.#most
  }

  /** Whether nothing is to be done before the sync under way has ended. */
  get waits(): boolean {
    return this.isBehind && this.#since !== null
  }

  /** How many bytes wait for the disk. */
  get unsyncedBytes(): number {
    return this.#bytes - this.#syncedBytes + this.#outbox.heldBytes
  }

  /** For how many milliseconds the sync under way has lasted; 0 when there is none. */
  syncMs(now: number): number {
    return this.#since === null ? 0 : now - this.#since
  }
}
