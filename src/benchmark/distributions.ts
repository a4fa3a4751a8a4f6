/** How the workload draws keys: Paxi's distributions, each one a formula over a source of random numbers. */
import type { BenchmarkConfig } from '../config/benchmark.ts'
import { SynodError } from '../errors.ts'

/** A random number in [0, 1). */
export type Random = () => number

/** Draws the next key; `elapsedMs` since the start of the run moves the mean of a moving `normal`. */
export type KeySource = (elapsedMs: number) => number

/**
 * The key source that a workload asks for. Integer keys, every one in `keysOf(config)`:
 * - `order`: c = (c + 1) mod K, key c + Min
 * - `uniform`: every key of [Min, Min + K) alike
 * - `conflict`: key 0 in `Conflicts` of 100 draws, else `order`
 * - `normal`: trunc(N(0,1) · Sigma + Mu), folded into [0, K); with `Move`, Mu gains 1 every `Speed` ms
 * - `zipfian`: P(k) ∝ (ZipfianV + k)^−ZipfianS over [0, K)
 * - `exponential`: trunc(Exp(1) / Lambda), folded into [0, K)
 * @throws SynodError `config` for an unknown distribution
 */
export function keySource(config: BenchmarkConfig, random: Random): KeySource {
  const { K, Min } = config
  switch (config.Distribution) {
    case 'order':
      return order(K, Min)
    case 'uniform':
      return () => Math.floor(random() * K) + Min
    case 'conflict': {
      const next = order(K, Min)
      return (elapsedMs) => (Math.floor(random() * 100) < config.Conflicts ? 0 : next(elapsedMs))
    }
    case 'normal':
      return (elapsedMs) => fold(Math.trunc(normal(random) * config.Sigma + mean(config, elapsedMs)), K)
    case 'zipfian':
      return zipfian(config, random)
    case 'exponential':
      return () => fold(Math.trunc(-Math.log(1 - random()) / config.Lambda), K)
    default:
      throw new SynodError('config', `unknown distribution ${String(config.Distribution)}`)
  }
}

/** Every key that the workload can touch, ascending. */
export function keysOf(config: BenchmarkConfig): number[] {
  const { Distribution, K, Min } = config
  const shifted = Distribution === 'order' || Distribution === 'uniform' || Distribution === 'conflict'
  const first = shifted ? Min : 0
  const keys = Array.from({ length: K }, (_, k) => first + k)
  if (Distribution !== 'conflict' || (first <= 0 && 0 < first + K)) return keys
  return first > 0 ? [0, ...keys] : [...keys, 0]
}

function order(K: number, Min: number): KeySource {
  let counter = 0
  return () => {
    counter = (counter + 1) % K
    return counter + Min
  }
}

/** Where the mean of `normal` stands. Paxi truncates it at each step, so from the first step on it is whole. */
function mean({ Mu, Move, Speed, K }: BenchmarkConfig, elapsedMs: number): number {
  const steps = Move ? Math.floor(elapsedMs / Speed) : 0
  return steps === 0 ? Mu : fold(Math.trunc(Mu) + steps, K)
}

/** Box and Muller's transform; the second deviate of each pair is left unused, so no state is kept. */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

/** Draws by binary search in the cumulative weights, that of key 0 being 1, so that none vanishes for all: 8 bytes per key. */
function zipfian({ K, ZipfianS, ZipfianV }: BenchmarkConfig, random: Random): KeySource {
  const cumulative = new Float64Array(K)
  let total = 0
  for (let k = 0; k < K; k++) cumulative[k] = total += (1 + k / ZipfianV) ** -ZipfianS
  return () => {
    const point = random() * total
    let low = 0
    let high = K - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (cumulative[middle]! > point) high = middle
      else low = middle + 1
    }
    return low
  }
}

/** The representative of `x` modulo `K` in [0, K), never −0. */
function fold(x: number, K: number): number {
  return ((x % K) + K) % K
}
