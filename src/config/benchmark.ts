/** The schema of the workload: `benchmark.json`, and the `benchmark` object of `config.json`. Keys and defaults are Paxi's. */
import { z } from 'zod'

/** How keys can be drawn. `zipfan` is Paxi's spelling of `zipfian` and is read as it. */
export const DISTRIBUTIONS = ['order', 'uniform', 'conflict', 'normal', 'zipfan', 'zipfian', 'exponential'] as const

/** A distribution after reading: `zipfan` has become `zipfian`. */
export type Distribution = Exclude<(typeof DISTRIBUTIONS)[number], 'zipfan'>

/** Other names of keys: Paxi's own `config.json` writes them so, although its Go struct does not know them. */
export const BENCHMARK_ALIASES: Readonly<Record<string, string>> = { Zipfian_s: 'ZipfianS', Zipfian_v: 'ZipfianV' }

/** Timers run from 1 ms up to this, so that twice as long still fits into the 31 bits of a Node.js timer. */
export const LONGEST_MS = 2 ** 30 - 1

/** As many keys as fit into the memory of a client. */
const MOST_KEYS = 100_000_000

/** As many clients as one process can have answered in time: of a million none was. */
const MOST_WORKERS = 100_000

/** Beyond it numbers have gaps, and some way further draws would be no numbers at all. */
const LARGEST = Number.MAX_SAFE_INTEGER

/** The whole workload, after `spellKeys`. */
export const benchmarkSchema = z
  .strictObject({
    T: z.int().min(0).default(60).describe('seconds to run; if more than 0, it wins over N'),
    N: z.int().min(0).default(0).describe('requests to send in all, when T is 0'),
    K: z.int().min(1).max(MOST_KEYS).default(1000).describe('number of keys'),
    W: z.number().min(0).max(1).default(0.5).describe('share of writes, 0 to 1'),
    Throttle: z
      .int()
      .min(0)
      .default(0)
      .describe('requests per second of all clients together; 0 is as fast as possible'),
    Concurrency: z.int().min(1).max(MOST_WORKERS).default(1).describe('number of simulated clients'),
    Distribution: z
      .enum(DISTRIBUTIONS)
      .default('uniform')
      .transform((name): Distribution => (name === 'zipfan' ? 'zipfian' : name))
      .describe('how keys are drawn: order, uniform, conflict, normal, zipfian (or zipfan), exponential'),
    LinearizabilityCheck: z.boolean().default(true).describe('judge the history after the run'),
    Conflicts: z.int().min(0).max(100).default(100).describe('conflict: percent of requests on key 0'),
    Min: z.int().default(0).describe('first key of order, uniform and conflict'),
    Mu: z.number().min(-LARGEST).max(LARGEST).default(0).describe('normal: mean'),
    Sigma: z.number().min(0).max(LARGEST).default(60).describe('normal: standard deviation'),
    Move: z.boolean().default(false).describe('normal: the mean moves by one key every Speed ms'),
    Speed: z.int().min(0).max(LONGEST_MS).default(500).describe('normal with Move: milliseconds per step of one key'),
    ZipfianS: z.number().gt(1).default(2).describe('zipfian: s, more than 1; also spelt Zipfian_s'),
    ZipfianV: z.number().min(1).default(1).describe('zipfian: v, at least 1; also spelt Zipfian_v'),
    Lambda: z.number().min(1e-15).default(0.01).describe('exponential: rate'),
  })
  .superRefine((benchmark, context) => {
    if (benchmark.Move && benchmark.Speed === 0) {
      context.addIssue({ code: 'custom', path: ['Speed'], message: 'must be at least 1 when Move is true' })
    }
    if (!Number.isSafeInteger(benchmark.Min + benchmark.K)) {
      context.addIssue({ code: 'custom', path: ['Min'], message: 'Min + K must be at most 2^53 - 1' })
    }
  })

/** The workload, complete with defaults; the keys are those of the file. */
export type BenchmarkConfig = z.output<typeof benchmarkSchema>
