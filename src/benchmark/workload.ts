/** What a run asks for, step by step: the benchmark proper, the loading of all keys, and the reading of all keys. */
import type { BenchmarkConfig } from '../config/benchmark.ts'
import { keySource, keysOf, type Random } from './distributions.ts'

/** One operation to do. */
export interface Step {
  readonly key: number
  readonly write: boolean
}

/** Steps for as many workers as there are; null when there are no more. */
export type Workload = (elapsedMs: number) => Step | null

/** The workload of a benchmark: keys as `Distribution` says, writes as often as `W` says, for T seconds or N steps. */
export function benchmarkWorkload(config: BenchmarkConfig, random: Random): Workload {
  const key = keySource(config, random)
  const durationMs = config.T * 1000
  let left = config.T > 0 ? Number.POSITIVE_INFINITY : config.N
  return (elapsedMs) => {
    if (left <= 0 || (config.T > 0 && elapsedMs >= durationMs)) return null
    left--
    return { key: key(elapsedMs), write: random() < config.W }
  }
}

/** Writes the K keys from Min on, each once, as Paxi's `-load`. */
export function loadWorkload({ K, Min }: BenchmarkConfig): Workload {
  let next = Min
  return () => (next < Min + K ? { key: next++, write: true } : null)
}

/** Reads every key that the benchmark can touch, each once. */
export function surveyWorkload(config: BenchmarkConfig): Workload {
  const keys = keysOf(config).values()
  return () => {
    const { value, done } = keys.next()
    return done ? null : { key: value, write: false }
  }
}
