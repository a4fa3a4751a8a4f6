/** Each distribution against its definition: exactly where it is a sequence, by chi-square where it is random. */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { describe, expect, it } from 'vitest'
import { type BenchmarkConfig, parseBenchmark } from '../config/index.ts'
import { keySource, keysOf, type Random } from './distributions.ts'

const DRAWS = 50_000

function seeded(seed: number): Random {
  const generator = xoroshiro128plus(seed)
  return () => uniformFloat64(generator)
}

function workload(values: Partial<BenchmarkConfig>): BenchmarkConfig {
  return parseBenchmark(JSON.stringify(values), 'test')
}

function counts(config: BenchmarkConfig, seed = 1): Map<number, number> {
  const next = keySource(config, seeded(seed))
  const result = new Map<number, number>()
  for (let i = 0; i < DRAWS; i++) {
    const key = next(0)
    result.set(key, (result.get(key) ?? 0) + 1)
  }
  return result
}

/** Chi-square per degree of freedom, cells pooled until at least 20 are expected in each. Near 1 when it fits. */
function misfit(observed: Map<number, number>, keys: readonly number[], probability: (key: number) => number): number {
  let [sum, cells, seen, wanted] = [0, 0, 0, 0]
  for (const key of keys) {
    seen += observed.get(key) ?? 0
    wanted += DRAWS * probability(key)
    if (wanted < 20) continue
    sum += (seen - wanted) ** 2 / wanted
    cells++
    seen = wanted = 0
  }
  return sum / (cells - 1)
}

/** The distribution function of N(0,1), by Simpson's rule over its density. */
function phi(x: number): number {
  const density = (t: number) => Math.exp((-t * t) / 2) / Math.sqrt(2 * Math.PI)
  const h = x / 200
  let sum = density(0) + density(x)
  for (let i = 1; i < 200; i++) sum += density(i * h) * (i % 2 === 1 ? 4 : 2)
  return 0.5 + (sum * h) / 3
}

/** The probability of each key of [0, K) when trunc(X) is folded, for X with distribution function `cdf`. */
function folded(cdf: (x: number) => number, K: number, span: number): number[] {
  const result = new Array<number>(K).fill(0)
  for (let n = -span; n <= span; n++) {
    const [from, to] = n > 0 ? [n, n + 1] : n < 0 ? [n - 1, n] : [-1, 1]
    const key = ((n % K) + K) % K
    result[key] = result[key]! + cdf(to) - cdf(from)
  }
  return result
}

describe('sequences', () => {
  it('order counts from Min + 1 and wraps to Min', () => {
    const next = keySource(workload({ Distribution: 'order', K: 3, Min: 10 }), seeded(1))
    expect(Array.from({ length: 7 }, () => next(0))).toEqual([11, 12, 10, 11, 12, 10, 11])
  })

  it('conflict is always 0 at 100 percent, and order at 0', () => {
    const all = keySource(workload({ Distribution: 'conflict', K: 3, Min: 5, Conflicts: 100 }), seeded(1))
    expect(Array.from({ length: 4 }, () => all(0))).toEqual([0, 0, 0, 0])
    const none = keySource(workload({ Distribution: 'conflict', K: 3, Min: 5, Conflicts: 0 }), seeded(1))
    expect(Array.from({ length: 4 }, () => none(0))).toEqual([6, 7, 5, 6])
  })

  it('the mean of normal moves by one key every Speed ms and wraps', () => {
    const still = { Distribution: 'normal', K: 10, Mu: 7.5, Sigma: 0, Speed: 100 } as const
    const moving = keySource(workload({ ...still, Move: true }), seeded(1))
    expect([0, 99, 100, 250, 300, 1000].map(moving)).toEqual([7, 7, 8, 9, 0, 7])
    expect([0, 1000].map(keySource(workload(still), seeded(1)))).toEqual([7, 7])
  })
})

describe('shapes', () => {
  it('uniform', () => {
    const config = workload({ Distribution: 'uniform', K: 50, Min: -20 })
    expect(misfit(counts(config), keysOf(config), () => 1 / 50)).toBeLessThan(1.6)
  })

  it('conflict puts its share on key 0 and spreads the rest evenly', () => {
    const config = workload({ Distribution: 'conflict', K: 20, Min: 1, Conflicts: 30 })
    const observed = counts(config)
    expect(observed.get(0)! / DRAWS).toBeCloseTo(0.3, 2)
    const rest = [...observed].filter(([key]) => key !== 0).map(([, count]) => count)
    expect(Math.max(...rest) - Math.min(...rest)).toBeLessThanOrEqual(1)
  })

  it.each([
    { Mu: 50, Sigma: 10, K: 100 },
    { Mu: 0, Sigma: 60, K: 100 },
    { Mu: 0.25, Sigma: 3, K: 1000 },
  ])('normal $Mu $Sigma over $K', ({ Mu, Sigma, K }) => {
    const config = workload({ Distribution: 'normal', Mu, Sigma, K })
    const expected = folded((x) => phi((x - Mu) / Sigma), K, Math.ceil(Mu + 7 * Sigma))
    expect(misfit(counts(config), keysOf(config), (key) => expected[key]!)).toBeLessThan(1.6)
  })

  it.each([
    { ZipfianS: 2, ZipfianV: 1, K: 1000 },
    { ZipfianS: 1.1, ZipfianV: 5, K: 100 },
    { ZipfianS: 400, ZipfianV: 2000, K: 100 },
  ])('zipfian s=$ZipfianS v=$ZipfianV over $K', ({ ZipfianS, ZipfianV, K }) => {
    const config = workload({ Distribution: 'zipfian', ZipfianS, ZipfianV, K })
    const weight = (k: number) => ((ZipfianV + k) / ZipfianV) ** -ZipfianS
    const total = keysOf(config).reduce((sum, k) => sum + weight(k), 0)
    expect(misfit(counts(config), keysOf(config), (k) => weight(k) / total)).toBeLessThan(1.6)
  })

  it.each([
    { Lambda: 0.01, K: 1000 },
    { Lambda: 0.05, K: 30 },
  ])('exponential $Lambda over $K', ({ Lambda, K }) => {
    const config = workload({ Distribution: 'exponential', Lambda, K })
    const expected = folded((x) => (x > 0 ? 1 - Math.exp(-Lambda * x) : 0), K, 3000)
    expect(misfit(counts(config), keysOf(config), (key) => expected[key]!)).toBeLessThan(1.6)
  })

  it('the chi-square can tell: a shifted normal does not fit', () => {
    const expected = folded((x) => phi((x - 50) / 10), 100, 120)
    const config = workload({ Distribution: 'normal', Mu: 50.5, Sigma: 10, K: 100 })
    expect(misfit(counts(config), keysOf(config), (key) => expected[key]!)).toBeGreaterThan(2)
  })
})

describe('range', () => {
  const names = ['order', 'uniform', 'conflict', 'normal', 'zipfian', 'exponential'] as const
  const sources: Record<string, () => Random> = {
    random: () => seeded(7),
    least: () => () => 0,
    greatest: () => () => 1 - 2 ** -53,
  }
  const cases = names.flatMap((name) => Object.keys(sources).map((source) => ({ name, source })))
  it.each(cases)('$name stays in its keys with $source numbers', ({ name, source }) => {
    for (const K of [1, 2, 7]) {
      const config = workload({ Distribution: name, K, Min: 3, Mu: -3, Sigma: 40, Conflicts: 50, Lambda: 0.1 })
      const keys = new Set(keysOf(config))
      const next = keySource(config, sources[source]!())
      for (let i = 0; i < 500; i++) expect(keys).toContain(next(i))
    }
  })

  it('keys are listed once, and key 0 only where it is drawn', () => {
    expect(keysOf(workload({ Distribution: 'uniform', K: 3, Min: 5 }))).toEqual([5, 6, 7])
    expect(keysOf(workload({ Distribution: 'conflict', K: 2, Min: 5 }))).toEqual([0, 5, 6])
    expect(keysOf(workload({ Distribution: 'conflict', K: 3, Min: -1 }))).toEqual([-1, 0, 1])
    expect(keysOf(workload({ Distribution: 'conflict', K: 2, Min: -5 }))).toEqual([-5, -4, 0])
    expect(keysOf(workload({ Distribution: 'normal', K: 2, Min: 5 }))).toEqual([0, 1])
  })
})
