/**
 * Datagrams between nodes: some whole frames, who sends them, and proof that they belong to a connection that is open now.
 *
 *     +------------+-------------------+----------------+----------+--------+
 *     | from (u16) | incarnation (f64) | sequence (u48) | MAC (16) | frames |     little endian
 *     +------------+-------------------+----------------+----------+--------+
 *
 * `from` is the sender's member number. The MAC covers all the rest, by a key that only the two ends of one connection know.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { FRAME_HEADER } from '../codec/frame.ts'
import { SynodError } from '../errors.ts'

const MAC_AT = 16
const MAC_BYTES = 16

/** The bytes before the frames. */
export const DATAGRAM_HEADER = MAC_AT + MAC_BYTES

/** What a datagram says of itself, true only once `isGenuine` has said so. */
export interface DatagramHead {
  readonly from: number
  readonly incarnation: number
  readonly sequence: number
}

/** Puts frames into a datagram. */
export function sealDatagram(head: DatagramHead, key: Uint8Array, frames: readonly Uint8Array[]): Buffer {
  const datagram = Buffer.concat([Buffer.alloc(DATAGRAM_HEADER), ...frames])
  datagram.writeUInt16LE(head.from, 0)
  datagram.writeDoubleLE(head.incarnation, 2)
  datagram.writeUIntLE(head.sequence, 10, 6)
  datagram.set(macOf(datagram, key), MAC_AT)
  return datagram
}

/** Reads the head; null when there is none. */
export function readHead(datagram: Buffer): DatagramHead | null {
  if (datagram.length < DATAGRAM_HEADER) return null
  return {
    from: datagram.readUInt16LE(0),
    incarnation: datagram.readDoubleLE(2),
    sequence: datagram.readUIntLE(10, 6),
  }
}

/** Whether a datagram was made with this key, and has not been altered. */
export function isGenuine(datagram: Buffer, key: Uint8Array): boolean {
  return timingSafeEqual(datagram.subarray(MAC_AT, DATAGRAM_HEADER), macOf(datagram, key))
}

/**
 * The frames of a genuine datagram.
 * @throws SynodError `malformed` when they are not whole
 */
export function framesOf(datagram: Buffer): Uint8Array[] {
  const frames: Uint8Array[] = []
  for (let at = DATAGRAM_HEADER; at < datagram.length; ) {
    const length = datagram.length - at < FRAME_HEADER ? 0 : 4 + datagram.readUInt32LE(at)
    if (length < FRAME_HEADER || length > datagram.length - at)
      throw new SynodError('malformed', 'a frame is not whole')
    frames.push(datagram.subarray(at, at + length))
    at += length
  }
  return frames
}

function macOf(datagram: Buffer, key: Uint8Array): Buffer {
  const hash = createHmac('sha256', key).update(datagram.subarray(0, MAC_AT)).update(datagram.subarray(DATAGRAM_HEADER))
  return hash.digest().subarray(0, MAC_BYTES)
}
