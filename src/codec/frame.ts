/**
 * Frames: how messages follow each other in a stream.
 *
 *     +--------------+--------------+----------------+----------------------+
 *     | length (u32) | number (u16) | founding (u32) | payload              |     little endian; length counts all after it
 *     +--------------+--------------+----------------+----------------------+
 *
 * `founding` tells members of one cluster from those of another of the same name (`roll-call.ts`); 0 says nothing.
 */
import { SynodError } from '../errors.ts'

/** The bytes before a frame's payload. */
export const FRAME_HEADER = 10

/** The bytes of the header that `length` does not count. */
const LENGTH_BYTES = 4

/** Fills in the header of a frame whose payload stands behind `FRAME_HEADER` free bytes. */
export function seal(frame: Uint8Array, number: number, founding = 0): Uint8Array {
  const length = frame.length - LENGTH_BYTES
  frame[0] = length & 0xff
  frame[1] = (length >>> 8) & 0xff
  frame[2] = (length >>> 16) & 0xff
  frame[3] = length >>> 24
  frame[4] = number & 0xff
  frame[5] = number >>> 8
  frame[6] = founding & 0xff
  frame[7] = (founding >>> 8) & 0xff
  frame[8] = (founding >>> 16) & 0xff
  frame[9] = founding >>> 24
  return frame
}

/** The message number of a whole frame. */
export function frameNumber(frame: Uint8Array): number {
  return frame[4]! | (frame[5]! << 8)
}

/** The founding that the sender of a whole frame is of. */
export function frameFounding(frame: Uint8Array): number {
  return (frame[6]! | (frame[7]! << 8) | (frame[8]! << 16) | (frame[9]! << 24)) >>> 0
}

/** The payload of a whole frame, as a view. */
export function framePayload(frame: Uint8Array): Uint8Array {
  return frame.subarray(FRAME_HEADER)
}

/** Cuts a byte stream into whole frames, which are views on what was received. */
export class FrameReader {
  /** The largest frame, header included; it may be raised once the other side is known. */
  limit: number
  #rest: Uint8Array = new Uint8Array(0)
  /** The bytes of `#rest` that are filled; it is as long as the frame it will hold once that is known. */
  #filled = 0

  constructor(limit: number) {
    this.limit = limit
  }

  /**
   * Takes the next bytes of the stream and gives each whole frame to `onFrame`.
   * @throws SynodError `malformed` when a frame is longer than the limit or too short, before room is made for it
   */
  push(chunk: Uint8Array, onFrame: (frame: Uint8Array) => void): void {
    let input = chunk
    while (this.#filled > 0) {
      const wanted = this.#filled < LENGTH_BYTES ? LENGTH_BYTES : this.#frameLength(this.#rest, 0)
      if (this.#filled >= wanted) {
        const whole = this.#rest.subarray(0, wanted)
        this.#filled = 0
        onFrame(whole)
        break
      }
      if (input.length === 0) return
      if (this.#rest.length < wanted) {
        const larger = new Uint8Array(wanted)
        larger.set(this.#rest.subarray(0, this.#filled))
        this.#rest = larger
      }
      const taken = Math.min(wanted - this.#filled, input.length)
      this.#rest.set(input.subarray(0, taken), this.#filled)
      this.#filled += taken
      input = input.subarray(taken)
    }
    let offset = 0
    while (input.length - offset >= LENGTH_BYTES) {
      const length = this.#frameLength(input, offset)
      if (input.length - offset < length) break
      onFrame(input.subarray(offset, offset + length))
      offset += length
    }
    this.#filled = input.length - offset
    this.#rest = input.slice(offset)
  }

  #frameLength(buffer: Uint8Array, offset: number): number {
    const length =
      LENGTH_BYTES +
      (buffer[offset]! | (buffer[offset + 1]! << 8) | (buffer[offset + 2]! << 16)) +
      buffer[offset + 3]! * 0x1000000
    if (length < FRAME_HEADER) throw new SynodError('malformed', `a frame of ${length} bytes is too short`)
    if (length > this.limit) throw new SynodError('malformed', `a frame of ${length} bytes is over ${this.limit}`)
    return length
  }
}
