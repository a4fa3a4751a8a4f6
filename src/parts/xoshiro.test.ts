/** xoshiro128** against its definition, written out again in BigInt, and the range of what it draws. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Xoshiro } from './xoshiro.ts'

const MASK = 0xffffffffn
const rotate = (x: bigint, bits: bigint) => ((x << bits) | (x >> (32n - bits))) & MASK

/** Blackman and Vigna's xoshiro128starstar.c, line by line. */
function* reference(state: readonly [bigint, bigint, bigint, bigint]): Generator<number> {
  let [s0, s1, s2, s3] = state
  for (;;) {
    yield Number((rotate((s1 * 5n) & MASK, 7n) * 9n) & MASK)
    const t = (s1 << 9n) & MASK
    s2 ^= s0
    s3 ^= s1
    s1 ^= s2
    s0 ^= s3
    s2 ^= t
    s3 = rotate(s3, 11n)
  }
}

/** The state that splitmix32 makes of a seed below 2^32. */
function spread(seed: number): [bigint, bigint, bigint, bigint] {
  let x = BigInt(seed)
  const next = () => {
    x = (x + 0x9e3779b9n) & MASK
    let z = ((x ^ (x >> 16n)) * 0x21f0aaadn) & MASK
    z = ((z ^ (z >> 15n)) * 0x735a2d97n) & MASK
    return z ^ (z >> 15n)
  }
  return [next(), next(), next(), next()]
}

describe('Xoshiro', () => {
  it('is xoshiro128** over a state spread by splitmix32', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31 - 1), (seed) => {
        const random = new Xoshiro(seed)
        const expected = reference(spread(seed))
        for (let i = 0; i < 40; i++) expect(random.next()).toBe(expected.next().value)
      }),
    )
  })

  it('the definition itself gives the published values for the state 1, 2, 3, 4', () => {
    const values = reference([1n, 2n, 3n, 4n])
    expect(Array.from({ length: 4 }, () => values.next().value)).toEqual([11520, 0, 5927040, 70819200])
  })

  it('gives the same numbers for the same seed and others for near seeds', () => {
    const draw = (seed: number) =>
      Array.from(
        { length: 8 },
        (
          (random) => () =>
            random.next()
        )(new Xoshiro(seed)),
      )
    expect(draw(42)).toEqual(draw(42))
    const seeds = [0, 1, 2, 3, 4, 2 ** 31, 2 ** 32 - 1, 2 ** 33 + 9]
    expect(new Set(seeds.map((seed) => draw(seed).join())).size).toBe(seeds.length)
  })

  it('draws integers below the bound, and each of them', () => {
    const random = new Xoshiro(7)
    for (const bound of [1, 2, 3, 10]) {
      const counts = Array.from({ length: bound }, () => 0)
      for (let i = 0; i < 2000; i++) counts[random.below(bound)]! += 1
      expect(counts.reduce((sum, count) => sum + count)).toBe(2000)
      for (const count of counts) expect(Math.abs(count - 2000 / bound)).toBeLessThan(250)
    }
  })

  it('draws up to 2^32', () => {
    const random = new Xoshiro(1)
    const drawn = Array.from({ length: 1000 }, () => random.below(2 ** 32))
    expect(drawn.every((value) => Number.isInteger(value) && value >= 0 && value < 2 ** 32)).toBe(true)
    expect(Math.max(...drawn)).toBeGreaterThan(2 ** 31)
  })

  it('near seeds give unrelated numbers below zero and above 2^32 too', () => {
    for (const [one, other] of [
      [-1, 0],
      [-2, 1],
      [2 ** 32 + 3, 2],
    ] as const) {
      expect(new Xoshiro(one).next()).not.toBe(new Xoshiro(other).next())
    }
  })
})
