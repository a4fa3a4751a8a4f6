/** A progress bar on stderr, drawn only where stderr is a terminal. */
import { SingleBar } from 'cli-progress'
import type { BenchmarkConfig } from '../config/benchmark.ts'
import type { Benchmark, Watcher } from './benchmark.ts'
import { keysOf } from './distributions.ts'

const REFRESH_MS = 200

/** Watches one benchmark: seconds where the run is limited in time, operations elsewhere. */
export class Progress implements Watcher {
  readonly #config: BenchmarkConfig
  readonly #bar = new SingleBar({
    stream: process.stderr,
    format: '{phase} {bar} {percentage}% | {rate} ops/s | {errors} errors',
    hideCursor: true,
    clearOnComplete: true,
  })
  #timer: NodeJS.Timeout | null = null
  #benchmark: Benchmark | null = null

  constructor(config: BenchmarkConfig) {
    this.#config = config
  }

  /** Tells it whom to watch; before that it draws nothing. */
  watch(benchmark: Benchmark): void {
    this.#benchmark = benchmark
  }

  onPhase(phase: 'survey' | 'load' | 'run' | 'judge'): void {
    this.stop()
    const benchmark = this.#benchmark
    if (!process.stderr.isTTY || phase === 'judge' || !benchmark) return
    const { T, N, K } = this.#config
    const timed = phase === 'run' && T > 0
    const total = timed ? T : phase === 'run' ? N : phase === 'survey' ? keysOf(this.#config).length : K
    this.#bar.start(total, 0, { phase, rate: 0, errors: 0 })
    this.#timer = setInterval(() => {
      const { operations, errors, unknown } = benchmark.meter
      const seconds = benchmark.elapsedMs / 1000
      const rate = seconds > 0 ? Math.round(operations / seconds) : 0
      this.#bar.update(Math.min(total, timed ? seconds : operations), { phase, rate, errors: errors + unknown })
    }, REFRESH_MS).unref()
  }

  /** Wipes the bar. */
  stop(): void {
    if (this.#timer === null) return
    clearInterval(this.#timer)
    this.#timer = null
    this.#bar.stop()
  }
}
