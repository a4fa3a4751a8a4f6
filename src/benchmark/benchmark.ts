/** A run from its first look at the cluster to its report: look, read what is there, run the closed loop, judge. */
import type { BenchmarkConfig } from '../config/benchmark.ts'
import { SynodError } from '../errors.ts'
import { ClosedLoop, type Ended, type LoopOptions } from './closed-loop.ts'
import type { Random } from './distributions.ts'
import { HistoryRecorder } from './history.ts'
import { type Judge, judgeHistory } from './judge.ts'
import { Meter } from './meter.ts'
import type { Report, Verdict } from './report.ts'
import { Throttle } from './throttle.ts'
import type { Transport } from './transport.ts'
import { Values } from './values.ts'
import { benchmarkWorkload, loadWorkload, surveyWorkload, type Workload } from './workload.ts'

/** Who watches a run. */
export interface Watcher {
  /** What the run does from now on. */
  onPhase(phase: 'survey' | 'load' | 'run' | 'judge'): void
}

/** The parts of a benchmark. */
export interface BenchmarkOptions {
  readonly config: BenchmarkConfig
  readonly transport: Transport
  /** Judges the history if `config.LinearizabilityCheck` asks for it; `judgeHistory` by default. */
  readonly judge?: Judge
  /** Load all K keys instead of running the workload. */
  readonly load: boolean
  readonly watcher?: Watcher
  readonly random?: Random
  /** The time in milliseconds; it never goes back. */
  readonly now?: () => number
}

/** How long an interrupted run waits for operations under way before it gives them up. */
const GRACE_MS = 500
/** How often a step is tried again while loading or surveying, with pauses up to 100 ms: some 3 s without a leader. */
const PATIENCE = 30

/** See the file's head. One object per run. */
export class Benchmark {
  /** Counts the operations of the present phase. */
  meter = new Meter()
  readonly #options: BenchmarkOptions
  readonly #now: () => number
  readonly #random: Random
  readonly #values: Values
  readonly #recorder: HistoryRecorder | null
  #loop: ClosedLoop | null = null
  #nextValue = 1
  #interrupted = false

  /** @throws SynodError `config` when neither T nor N says when to stop */
  constructor(options: BenchmarkOptions) {
    const { T, N } = options.config
    if (T === 0 && N === 0 && !options.load) throw new SynodError('config', 'benchmark: T and N are 0: nothing to do')
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
    this.#random = options.random ?? Math.random
    this.#values = new Values(Math.floor(this.#random() * 2 ** 28))
    this.#recorder = options.config.LinearizabilityCheck && !options.load ? new HistoryRecorder(this.#values) : null
  }

  /** Milliseconds since the present phase began. */
  get elapsedMs(): number {
    return this.#loop ? this.#now() - this.#loop.startedAt : 0
  }

  /**
   * Runs to the end, or to `interrupt`.
   * @throws SynodError `unavailable` when no server answers, or not every key could be read before the run
   */
  async run(): Promise<Report> {
    const { config, transport, load, watcher } = this.#options
    const trouble = await transport.probe()
    if (trouble !== null) throw new SynodError('unavailable', trouble)
    if (this.#recorder) await this.#survey(this.#recorder)
    watcher?.onPhase(load ? 'load' : 'run')
    const limitMs = !load && config.T > 0 ? config.T * 1000 : Number.POSITIVE_INFINITY
    let inTime = 0
    const throttle = !load && config.Throttle > 0 ? new Throttle(config.Throttle, this.#now) : null
    const workload = load ? loadWorkload(config) : benchmarkWorkload(config, this.#random)
    const startedAt = this.#now()
    await this.#drive(workload, load ? PATIENCE : 0, throttle, (operation) => {
      if (operation.ending === 'ok' && operation.returnedAt - startedAt <= limitMs) inTime++
      this.#recorder?.add(operation)
    })
    const seconds = Math.min(this.#now() - startedAt, limitMs) / 1000
    const { meter } = this
    if (this.#recorder && !this.#interrupted) await this.#readAll(this.#recorder)
    return this.#report(meter, seconds, inTime)
  }

  /** Ends the run early: no further operation, and those under way are given up after a short grace. */
  interrupt(): void {
    if (this.#interrupted) return
    this.#interrupted = true
    this.#loop?.stop()
    setTimeout(() => void this.#options.transport.abandon(), GRACE_MS).unref()
  }

  /** Reads all keys, so that a store in use can be judged too. */
  async #survey(recorder: HistoryRecorder): Promise<void> {
    this.#options.watcher?.onPhase('survey')
    await this.#drive(surveyWorkload(this.#options.config), PATIENCE, null, (operation) => {
      if (operation.ending === 'ok') recorder.setInitial(operation.key, operation.value)
    })
    const unread = this.meter.errors + this.meter.unknown
    if (unread > 0 && !this.#interrupted) {
      const why = this.meter.firstFailure
      throw new SynodError('unavailable', `${unread} keys could not be read before the run: ${why}`)
    }
  }

  /** Reads all keys once more into the history: so a write that was lost shows, also where nobody read it. */
  async #readAll(recorder: HistoryRecorder): Promise<void> {
    await this.#drive(surveyWorkload(this.#options.config), PATIENCE, null, (operation) => recorder.add(operation))
  }

  async #drive(workload: Workload, retries: number, throttle: Throttle | null, onEnded: LoopOptions['onEnded']) {
    const meter = (this.meter = new Meter())
    this.#loop = new ClosedLoop({
      transport: this.#options.transport,
      workload,
      values: this.#values,
      firstValue: this.#nextValue,
      workers: this.#options.config.Concurrency,
      retries,
      throttle,
      now: this.#now,
      onEnded: (operation: Ended) => {
        meter.add(operation)
        onEnded(operation)
      },
    })
    if (this.#interrupted) this.#loop.stop()
    await this.#loop.run()
    this.#nextValue = this.#loop.nextValue
  }

  #report(meter: Meter, seconds: number, inTime: number): Report {
    const { config, load } = this.#options
    const { operations, errors, unknown, firstFailure } = meter
    return {
      load,
      concurrency: config.Concurrency,
      writeRatio: load ? 1 : config.W,
      keys: config.K,
      seconds,
      throughput: seconds > 0 ? inTime / seconds : 0,
      operations,
      errors,
      unknown,
      firstFailure,
      latencyMs: meter.latencies(),
      interrupted: this.#interrupted,
      ...this.#judgement(),
    }
  }

  #judgement(): { verdict: Verdict | null; explanation: string } {
    const recorder = this.#recorder
    if (recorder === null || this.#interrupted) return { verdict: null, explanation: '' }
    if (recorder.overflowed)
      return { verdict: 'unknown', explanation: 'the run was too long for its history to be kept' }
    this.#options.watcher?.onPhase('judge')
    const judge = this.#options.judge ?? judgeHistory
    return judge(recorder.operations(), (key) => recorder.initial(key))
  }
}
