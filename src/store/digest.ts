/** Hashes of 64 bits in two lanes of 32: of the store's entries, and of what the session table keeps. */

/** A hash in the making. */
export class Digest {
  /** The low and the high 32 bits, as signed integers; final after `finish`. */
  low = 0x2545f491
  high = 0x7f4a7c15

  /** Adds an integer from −2^53 to 2^53. */
  number(value: number): this {
    const above = Math.floor(value / 0x1_0000_0000)
    this.low = mixLow(mixLow(this.low, value | 0), above)
    this.high = mixHigh(mixHigh(this.high, value | 0), above)
    return this
  }

  /** Adds a text by its UTF-16 units, then its length. */
  text(value: string): this {
    for (let i = 0; i < value.length; i++) this.#word(value.charCodeAt(i))
    return this.#word(value.length)
  }

  /** Adds bytes behind their length; null is not the same as none. */
  bytes(value: Uint8Array | null): this {
    this.#word(value === null ? -1 : value.length)
    if (value === null) return this
    const whole = value.length & ~3
    for (let i = 0; i < whole; i += 4)
      this.#word(value[i]! | (value[i + 1]! << 8) | (value[i + 2]! << 16) | (value[i + 3]! << 24))
    for (let i = whole; i < value.length; i++) this.#word(value[i]!)
    return this
  }

  /** Lets every bit of the input change every bit of the hash. */
  finish(): this {
    this.low ^= this.high >>> 15
    this.high ^= Math.imul(this.low, 0x9e3779b1)
    this.low = spread(this.low)
    this.high = spread(this.high)
    return this
  }

  #word(word: number): this {
    this.low = mixLow(this.low, word)
    this.high = mixHigh(this.high, word)
    return this
  }
}

/** Two lanes as one safe integer. */
export function joined(low: number, high: number): number {
  return (high & 0x1fffff) * 0x1_0000_0000 + (low >>> 0)
}

/** One round of the low lane. */
export function mixLow(state: number, word: number): number {
  const mixed = Math.imul(state ^ word, 0x85ebca6b)
  return (mixed << 13) | (mixed >>> 19)
}

/** One round of the high lane. */
export function mixHigh(state: number, word: number): number {
  const mixed = Math.imul(state ^ word, 0xc2b2ae35)
  return (((mixed << 17) | (mixed >>> 15)) + 0x27d4eb2f) | 0
}

/** The last step of a lane. */
export function spread(state: number): number {
  const once = Math.imul(state ^ (state >>> 16), 0x7feb352d)
  const twice = Math.imul(once ^ (once >>> 15), 0x846ca68b)
  return twice ^ (twice >>> 16)
}
