/**
 * The part of a body that has arrived, in one buffer: a million chunks of a byte must not take the room of a million
 * buffers. It is counted among the open bodies until it is taken or dropped.
 */
import type { Bodies, Overflow } from './bodies.ts'

/** See the file's head. */
export class Arrival {
  readonly #bodies: Bodies
  /** How long the whole is going to be, as far as that is known. */
  readonly #declared: number
  #buffer: Buffer | null = null
  #length = 0

  constructor(bodies: Bodies, declared: number | undefined) {
    this.#bodies = bodies
    this.#declared = declared ?? Number.POSITIVE_INFINITY
  }

  /** Adds what has come; null, or why it is refused with all before it. */
  add(chunk: Buffer): Overflow | null {
    const length = this.#length + chunk.length
    const overflow = this.#bodies.refusal(length, this.#length)
    if (overflow) return overflow
    this.#bodies.arrive(length, this.#length)
    if (this.#buffer === null) this.#buffer = chunk
    else {
      if (length > this.#buffer.length) this.#grow(length)
      this.#buffer.set(chunk, this.#length)
    }
    this.#length = length
    return null
  }

  /** Whether it takes room from others. */
  get isCounted(): boolean {
    return this.#bodies.isCounted(this.#length)
  }

  /** Gives the body up, and its room back; again it does nothing. */
  drop(): void {
    this.#bodies.arrive(0, this.#length)
    this.#buffer = null
    this.#length = 0
  }

  /** The whole body, which is dropped here. */
  take(): Uint8Array {
    const buffer = this.#buffer ?? Buffer.alloc(0)
    const body = buffer.length === this.#length ? buffer : buffer.subarray(0, this.#length)
    this.drop()
    return owned(body)
  }

  /** Twice the room, so that each byte is copied about once, but no more than the body needs. */
  #grow(length: number): void {
    const old = this.#buffer!
    const room = Math.max(length, Math.min(2 * old.length, this.#declared))
    this.#buffer = Buffer.allocUnsafeSlow(room)
    old.copy(this.#buffer, 0, 0, this.#length)
  }
}

/** A copy where `bytes` are a view on a larger buffer, which a kept value would keep alive. */
export function owned(bytes: Buffer): Uint8Array {
  return bytes.length === bytes.buffer.byteLength ? bytes : Buffer.from(bytes)
}
