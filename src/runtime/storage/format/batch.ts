/**
 * The form of a log file behind its head (`head.ts`): batches, each written at once and made durable by one sync.
 *
 *     file     | head | batch | batch | … | end |           the end is a batch without records: the file is complete
 *
 *              +--------------+-----------+---------+   +---------+-----------+------------+
 *     batch    | length (u32) | CRC (u32) | record  | … | record  | CRC (u32) | `synodend` |
 *              +--------------+-----------+---------+   +---------+-----------+------------+
 *              '-------- header ----------'                       '------- trailer --------'
 *
 *     record   | length of the payload (u32) | number (u16) | payload |
 *
 * Little endian. `length` counts the records' bytes. The header's CRC is over the batch's place in the file and its
 * length, the trailer's over the header and all records; both start from the CRC of the head.
 *
 * A write that a crash cut short lacks its trailer: nothing but zeros, or the end of the file, stands in its place.
 * Where a trailer stands the batch was written, and perhaps acknowledged; so then all of it must be there.
 */

import type { StoredRecord } from '../../../seams.ts'
import { crc32 } from './crc32.ts'

/** The bytes before a batch's records. */
export const BATCH_HEADER = 8
/** The trailer's CRC. */
export const CRC_BYTES = 4
/** The last bytes of a batch. */
export const CLOSING = new TextEncoder().encode('synodend')
/** All bytes of a batch but its records. */
export const BATCH_OVERHEAD = BATCH_HEADER + CRC_BYTES + CLOSING.length
/** The bytes before a record's payload. */
export const RECORD_HEADER = 6

/** A buffer that had to grow beyond this is not kept for the next batch. */
const KEPT_BYTES = 4 * 1024 * 1024

const place = new DataView(new ArrayBuffer(12))

/** The CRC in a batch's header. */
export function headerCrc(seed: number, offset: number, length: number): number {
  place.setFloat64(0, offset, true)
  place.setUint32(8, length, true)
  return crc32(new Uint8Array(place.buffer), seed)
}

/** A batch that is being gathered. */
export class Batch {
  #bytes = new Uint8Array(4096)
  #view = new DataView(this.#bytes.buffer)
  #end = BATCH_HEADER

  /** How many bytes it has on disk. */
  get size(): number {
    return this.#end - BATCH_HEADER + BATCH_OVERHEAD
  }

  get empty(): boolean {
    return this.#end === BATCH_HEADER
  }

  /** Copies a record to the end. */
  add({ number, payload }: StoredRecord): void {
    this.#reserve(RECORD_HEADER + payload.length + BATCH_OVERHEAD)
    this.#view.setUint32(this.#end, payload.length, true)
    this.#view.setUint16(this.#end + 4, number, true)
    this.#bytes.set(payload, this.#end + RECORD_HEADER)
    this.#end += RECORD_HEADER + payload.length
  }

  /** The whole batch as it stands at `offset` of the file with this seed; a view, valid until `clear`. */
  sealed(seed: number, offset: number): Uint8Array {
    const length = this.#end - BATCH_HEADER
    this.#view.setUint32(0, length, true)
    this.#view.setUint32(4, headerCrc(seed, offset, length), true)
    this.#view.setUint32(this.#end, crc32(this.#bytes.subarray(0, this.#end), seed), true)
    this.#bytes.set(CLOSING, this.#end + CRC_BYTES)
    return this.#bytes.subarray(0, this.size)
  }

  /** Makes it empty again. */
  clear(): void {
    this.#end = BATCH_HEADER
    if (this.#bytes.length <= KEPT_BYTES) return
    this.#bytes = new Uint8Array(4096)
    this.#view = new DataView(this.#bytes.buffer)
  }

  #reserve(more: number): void {
    if (this.#end + more <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(this.#end + more, 2 * this.#bytes.length))
    larger.set(this.#bytes.subarray(0, this.#end))
    this.#bytes = larger
    this.#view = new DataView(larger.buffer)
  }
}
