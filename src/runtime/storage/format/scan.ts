/** Reads a log file batch by batch, and tells how it ends. `batch.ts` draws what it looks at. */

import type { StoredRecord } from '../../../seams.ts'
import { BATCH_HEADER, BATCH_OVERHEAD, CLOSING, CRC_BYTES, headerCrc, RECORD_HEADER } from './batch.ts'
import { crc32 } from './crc32.ts'
import { damage } from './damage.ts'
import type { SealedHead } from './head.ts'
import type { Window } from './window.ts'

/**
 * How a file ends. `complete`: with its end. `open`: behind a whole batch, so that more may follow. `torn`: with a write
 * that was cut short. `unclosed`: behind a batch whose closing bytes alone are damaged or missing.
 */
export interface Ending {
  readonly state: 'complete' | 'open' | 'torn' | 'unclosed'
  /** Behind the last whole batch. */
  readonly end: number
}

/**
 * The bytes of the records of each batch, as views; returns how the file ends.
 * @throws SynodError `storage` where something is damaged
 */
export function* batchesOf(window: Window, { end: start, seed }: SealedHead): Generator<Uint8Array, Ending> {
  let unclosed = false
  for (let offset = start; ; ) {
    if (offset >= window.size) return { state: unclosed ? 'unclosed' : 'open', end: offset }
    const length = lengthAt(window, seed, offset)
    if (length === null) {
      // A header that is neither whole nor the last thing in the file was whole once.
      if (!window.isBlank(offset + BATCH_HEADER)) throw damage(window.path, offset, 'the header of a batch is damaged')
      return { state: 'torn', end: offset }
    }
    const next = offset + BATCH_OVERHEAD + length
    const body = window.read(offset, BATCH_HEADER + length + CRC_BYTES)
    if (!isIntact(body, seed, length)) {
      if (!window.isBlank(next - CLOSING.length)) {
        throw damage(window.path, offset, `a batch of ${length} bytes does not match its checksum`)
      }
      return { state: 'torn', end: offset }
    }
    if (length === 0) {
      if (!window.isBlank(next)) throw damage(window.path, next, 'there are bytes behind the end')
      return { state: 'complete', end: offset }
    }
    unclosed = !CLOSING.every((byte, at) => window.read(next - CLOSING.length, CLOSING.length)[at] === byte)
    yield body.subarray(BATCH_HEADER, BATCH_HEADER + length)
    offset = next
  }
}

/**
 * The records in a batch, their payloads as views.
 * @throws SynodError `storage` when they do not fill it exactly
 */
export function* recordsOf(path: string, batch: Uint8Array): Generator<StoredRecord> {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength)
  for (let at = 0; at < batch.length; ) {
    const begin = at + RECORD_HEADER
    const length = begin <= batch.length ? view.getUint32(at, true) : Number.POSITIVE_INFINITY
    if (begin + length > batch.length) throw damage(path, null, 'a record is longer than its batch')
    yield { number: view.getUint16(at + 4, true), payload: batch.subarray(begin, begin + length) }
    at = begin + length
  }
}

/** The length that a header at `offset` states; null when there is none that is whole. */
function lengthAt(window: Window, seed: number, offset: number): number | null {
  const header = window.read(offset, BATCH_HEADER)
  if (header.length < BATCH_HEADER) return null
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength)
  const length = view.getUint32(0, true)
  return view.getUint32(4, true) === headerCrc(seed, offset, length) ? length : null
}

/** Whether a header, its records and the CRC behind them belong together. */
function isIntact(body: Uint8Array, seed: number, length: number): boolean {
  if (body.length < BATCH_HEADER + length + CRC_BYTES) return false
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  return view.getUint32(BATCH_HEADER + length, true) === crc32(body.subarray(0, BATCH_HEADER + length), seed)
}
