/**
 * The configurations that the search has been in, compared exactly: a hash alone could take a new one for an old one
 * and make a wrong verdict. Open addressing over typed arrays, so ten million of them stay in a few hundred megabytes.
 *
 * A configuration that has used up fewer open operations can do whatever one that used more can do, since an open
 * operation need never happen. So of configurations that differ only in these, the ones with the smallest sets stay.
 */

/** See the file's head. A configuration is the front, the state, and a bit set whose last words are open operations. */
export class ConfigurationCache {
  size = 0
  readonly #words: number
  /** The words of an entry in which two configurations must be equal; the words behind may be a subset. */
  readonly #equal: number
  readonly #stride: number
  #entries: Int32Array
  #table: Int32Array

  /**
   * @param words the length of the bit set in 32-bit words
   * @param open how many of them, at its end, stand for open operations that have been used up
   */
  constructor(words: number, open: number) {
    this.#words = words
    this.#equal = words - open
    this.#stride = words + 2
    this.#entries = new Int32Array(64 * this.#stride)
    this.#table = new Int32Array(128)
  }

  /** Adds a configuration; false if one was there that can do all that it can. */
  add(front: number, state: number, bits: Int32Array): boolean {
    if (2 * (this.size + 1) > this.#table.length) this.#grow()
    const mask = this.#table.length - 1
    let at = this.#hash(front, state, bits, 0) & mask
    for (let found: number; (found = this.#table[at]!) !== 0; at = (at + 1) & mask) {
      const base = (found - 1) * this.#stride
      if (!this.#equals(base, front, state, bits)) continue
      if (this.#subset(base, bits)) return false
      if (!this.#superset(base, bits)) continue
      this.#entries.set(bits, base + 2)
      return true
    }
    const base = this.size * this.#stride
    this.#entries[base] = front
    this.#entries[base + 1] = state
    this.#entries.set(bits, base + 2)
    this.#table[at] = ++this.size
    return true
  }

  #equals(base: number, front: number, state: number, bits: Int32Array): boolean {
    const entries = this.#entries
    if (entries[base] !== front || entries[base + 1] !== state) return false
    for (let i = 0; i < this.#equal; i++) if (entries[base + 2 + i] !== bits[i]) return false
    return true
  }

  /** Whether the entry used no open operation that `bits` has not used. */
  #subset(base: number, bits: Int32Array): boolean {
    for (let i = this.#equal; i < this.#words; i++) if ((this.#entries[base + 2 + i]! & ~bits[i]!) !== 0) return false
    return true
  }

  #superset(base: number, bits: Int32Array): boolean {
    for (let i = this.#equal; i < this.#words; i++) if ((bits[i]! & ~this.#entries[base + 2 + i]!) !== 0) return false
    return true
  }

  #hash(front: number, state: number, bits: Int32Array, from: number): number {
    let h = Math.imul(front, 0x9e3779b1) ^ Math.imul(state + 1, 0x85ebca6b)
    for (let i = 0; i < this.#equal; i++) {
      h = Math.imul(h ^ bits[from + i]!, 0xc2b2ae35)
      h ^= h >>> 15
    }
    h = Math.imul(h ^ (h >>> 16), 0x7feb352d)
    return h ^ (h >>> 15)
  }

  #grow(): void {
    const entries = new Int32Array(this.#entries.length * 2)
    entries.set(this.#entries)
    this.#entries = entries
    this.#table = new Int32Array(this.#table.length * 2)
    const mask = this.#table.length - 1
    for (let i = 0; i < this.size; i++) {
      const base = i * this.#stride
      let at = this.#hash(entries[base]!, entries[base + 1]!, entries, base + 2) & mask
      while (this.#table[at] !== 0) at = (at + 1) & mask
      this.#table[at] = i + 1
    }
  }
}
