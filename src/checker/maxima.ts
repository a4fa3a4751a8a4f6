/** Numbers that only grow, with the maximum over any range in logarithmic time: a segment tree over one typed array. */

/** See the file's head. All numbers are −Infinity at first. */
export class Maxima {
  readonly #size: number
  /** The numbers stand in the second half; each entry of the first half is the maximum of its two children. */
  readonly #tree: Float64Array

  constructor(count: number) {
    this.#size = 2 ** Math.ceil(Math.log2(Math.max(1, count)))
    this.#tree = new Float64Array(2 * this.#size).fill(-Infinity)
  }

  at(index: number): number {
    return this.#tree[this.#size + index]!
  }

  /** Raises a number to `value` if it is lower. */
  raise(index: number, value: number): void {
    for (let i = this.#size + index; i >= 1 && this.#tree[i]! < value; i >>>= 1) this.#tree[i] = value
  }

  /** The maximum from `from` to before `to`, −Infinity for an empty range. */
  max(from: number, to: number): number {
    let best = -Infinity
    for (let l = this.#size + from, r = this.#size + to; l < r; l >>>= 1, r >>>= 1) {
      if (l & 1) best = Math.max(best, this.#tree[l++]!)
      if (r & 1) best = Math.max(best, this.#tree[--r]!)
    }
    return best
  }
}
