/**
 * The head of a log file: what the file is, and what the numbers of its records mean.
 *
 *     +----------------+--------------+-------------+-----------+
 *     | `synodlog`     | length (u32) | JSON        | CRC (u32) |     little endian; the CRC is over all before it
 *     +----------------+--------------+-------------+-----------+
 *
 * Numbers of record classes change when a protocol gets another one; so each file keeps the name and the shape that
 * each of its numbers stood for.
 */

import type { RecordKind } from '../../../seams.ts'
import { crc32 } from './crc32.ts'
import { damage } from './damage.ts'

/** What a file says of itself. */
export interface Head {
  readonly kind: 'log' | 'snapshot'
  /** Files of the log are numbered from 1 on. A snapshot stands for all of them below its number. */
  readonly number: number
  /** The memory that the file is part of. */
  readonly incarnation: number
  readonly records: readonly RecordKind[]
}

/** A head, with what follows from its bytes. */
export interface SealedHead {
  readonly head: Head
  /** Its length. */
  readonly end: number
  /** Its CRC, which all others in the file start from: what was part of another file is never taken for a part of it. */
  readonly seed: number
}

const MAGIC = new TextEncoder().encode('synodlog')
const PREFIX = MAGIC.length + 4
const TAIL = 4
/** No honest head is longer. */
const MOST = 1024 * 1024

/** The bytes of a head. */
export function encodeHead(head: Head): { bytes: Uint8Array; sealed: SealedHead } {
  const text = new TextEncoder().encode(JSON.stringify(head))
  const bytes = new Uint8Array(PREFIX + text.length + TAIL)
  const view = new DataView(bytes.buffer)
  bytes.set(MAGIC)
  view.setUint32(MAGIC.length, text.length, true)
  bytes.set(text, PREFIX)
  const seed = crc32(bytes.subarray(0, -TAIL))
  view.setUint32(bytes.length - TAIL, seed, true)
  return { bytes, sealed: { head, end: bytes.length, seed } }
}

/**
 * Reads the head of a file.
 * @param read gives bytes of the file, fewer at its end
 * @throws SynodError `storage` when it is damaged
 */
export function decodeHead(path: string, read: (offset: number, length: number) => Uint8Array): SealedHead {
  const prefix = read(0, PREFIX)
  const length = prefix.length < PREFIX ? MOST : viewOf(prefix).getUint32(MAGIC.length, true)
  if (length >= MOST || MAGIC.some((byte, at) => prefix[at] !== byte)) throw damage(path, 0, 'no head of a log file')
  const end = PREFIX + length + TAIL
  const bytes = read(0, end)
  const seed = crc32(bytes.subarray(0, -TAIL))
  if (bytes.length < end || viewOf(bytes).getUint32(end - TAIL, true) !== seed) {
    throw damage(path, 0, 'the head of the file is damaged')
  }
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(PREFIX, end - TAIL))) as Head
  return { head, end, seed }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
