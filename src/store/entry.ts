/**
 * What the key-value store keeps per key, and the entry's hash. The store's hash is the sum of its entries', so it
 * does not depend on their order and costs one entry's hash to keep up.
 */

import { mixHigh, mixLow, spread } from './digest.ts'

/** One key's state. Its bytes are the store's own, and change in place only while no snapshot or history holds them. */
export class Entry {
  /** Null when the key is absent though it was written. */
  value: Uint8Array | null = null
  /** How often the key was written. */
  version = 0
  /** The low 32 bits of the entry's hash, as a signed integer. */
  low = 0
  /** The high 32 bits, likewise. */
  high = 0
  /** The position in the order in which keys were first written. */
  readonly ordinal: number
  /** The store's epoch at the last write: snapshots begun in a later one still need nothing saved. */
  epoch: number
  /** Every value written, when the store keeps histories; only ever appended to. */
  readonly history: Uint8Array[] | null

  constructor(ordinal: number, epoch: number, history: Uint8Array[] | null) {
    this.ordinal = ordinal
    this.epoch = epoch
    this.history = history
  }
}

/** Sets the hash of `entry`, stored under `key`: 64 bits over the key's UTF-16 units, the version and the value. */
export function rehash(key: string, entry: Entry): void {
  let low = 0x2545f491
  let high = 0x7f4a7c15
  for (let i = 0; i < key.length; i++) {
    const unit = key.charCodeAt(i)
    low = mixLow(low, unit)
    high = mixHigh(high, unit)
  }
  const { value, version } = entry
  const above = Math.floor(version / 0x1_0000_0000)
  low = mixLow(mixLow(mixLow(low, key.length), version | 0), above)
  high = mixHigh(mixHigh(mixHigh(high, key.length), version | 0), above)
  const length = value === null ? -1 : value.length
  low = mixLow(low, length)
  high = mixHigh(high, length)
  if (value !== null) {
    const whole = value.length & ~3
    for (let i = 0; i < whole; i += 4) {
      const word = value[i]! | (value[i + 1]! << 8) | (value[i + 2]! << 16) | (value[i + 3]! << 24)
      low = mixLow(low, word)
      high = mixHigh(high, word)
    }
    for (let i = whole; i < value.length; i++) {
      low = mixLow(low, value[i]!)
      high = mixHigh(high, value[i]!)
    }
  }
  low ^= high >>> 15
  high ^= Math.imul(low, 0x9e3779b1)
  entry.low = spread(low)
  entry.high = spread(high)
}
