/** xoshiro128**, by Blackman and Vigna (2018): small, fast random numbers that a seed reproduces. */
import type { Random } from '../seams.ts'

export class Xoshiro implements Random {
  readonly #state = new Uint32Array(4)

  /** @param seed any integer; near seeds give unrelated sequences */
  constructor(seed: number) {
    // splitmix32 spreads the seed over the state, as the authors advise.
    let x = (seed ^ Math.imul(Math.floor(seed / 2 ** 32), 0x9e3779b9)) >>> 0
    for (let i = 0; i < 4; i++) {
      x = (x + 0x9e3779b9) >>> 0
      let z = Math.imul(x ^ (x >>> 16), 0x21f0aaad)
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
      this.#state[i] = z ^ (z >>> 15)
    }
  }

  /** An integer in [0, 2^32). */
  next(): number {
    const s = this.#state
    const s1 = s[1]!
    const result = Math.imul(rotate(Math.imul(s1, 5), 7), 9) >>> 0
    const t = s1 << 9
    s[2]! ^= s[0]!
    s[3]! ^= s1
    s[1]! ^= s[2]!
    s[0]! ^= s[3]!
    s[2]! ^= t
    s[3] = rotate(s[3]!, 11)
    return result
  }

  below(bound: number): number {
    return Math.floor((this.next() / 2 ** 32) * bound)
  }
}

function rotate(x: number, bits: number): number {
  return (x << bits) | (x >>> (32 - bits))
}
