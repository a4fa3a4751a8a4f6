/**
 * The closed loop: each worker sends its next operation when its last one has ended. It is the client's hot path, so
 * workers are reused objects with callbacks, and no promise is made per operation.
 */
import type { Throttle } from './throttle.ts'
import type { OperationReceiver, Transport } from './transport.ts'
import type { Values } from './values.ts'
import type { Step, Workload } from './workload.ts'

/** How an operation ended: applied, certainly not applied, or nobody knows. */
export type Ending = 'ok' | 'failed' | 'unknown'

/** An operation that has ended. Valid only during the call: workers reuse it. Times are milliseconds of one clock. */
export interface Ended {
  readonly key: number
  readonly write: boolean
  /** The number of the value written; 0 for a read. */
  readonly written: number
  /** What a read that ended `ok` gave; empty when the key is absent. */
  readonly value: Uint8Array
  readonly invokedAt: number
  readonly returnedAt: number
  readonly ending: Ending
  /** Why it is not `ok`. */
  readonly reason: string
}

/** The parts and measures of a loop. */
export interface LoopOptions {
  readonly transport: Transport
  readonly workload: Workload
  readonly values: Values
  /** The number of the first value written. */
  readonly firstValue: number
  readonly workers: number
  /** How often a read, or a write that certainly was not applied, is tried again. */
  readonly retries: number
  readonly throttle: Throttle | null
  /** The time in milliseconds; it never goes back. */
  readonly now: () => number
  /** Told of each operation that ended. */
  readonly onEnded: (operation: Ended) => void
}

const LONGEST_PAUSE_MS = 100
const FIRST_PAUSE_MS = 5
const NOTHING = new Uint8Array(0)

/** See the file's head. */
export class ClosedLoop {
  readonly options: LoopOptions
  /** When the run began. */
  readonly startedAt: number
  #nextValue: number
  #busy: number
  #stopped = false
  #finish: () => void = () => {}

  constructor(options: LoopOptions) {
    this.options = options
    this.startedAt = options.now()
    this.#nextValue = options.firstValue
    this.#busy = options.workers
  }

  /** The number of the next value that would be written. */
  get nextValue(): number {
    return this.#nextValue
  }

  /** Runs until the workload is over, or `stop`, and all operations under way have ended. Once per loop. */
  run(): Promise<void> {
    return new Promise((resolve) => {
      this.#finish = resolve
      for (let i = 0; i < this.options.workers; i++) new Worker(this).begin()
    })
  }

  /** Takes no further step and tries none again. */
  stop(): void {
    this.#stopped = true
    this.options.throttle?.release()
  }

  /** Whether `stop` was called. */
  get stopped(): boolean {
    return this.#stopped
  }

  /** For workers: the next step, or null when the run is over. Then all come here, so that none waits for its turn. */
  take(): Step | null {
    if (this.#stopped) return null
    const step = this.options.workload(this.options.now() - this.startedAt)
    if (step === null) this.options.throttle?.release()
    return step
  }

  /** For workers: a number that no value has yet. */
  takeValue(): number {
    return this.#nextValue++
  }

  /** For workers: called by each once, when it has nothing more to do. */
  retire(): void {
    if (--this.#busy === 0) this.#finish()
  }
}

/** One simulated client, and the record of its operation under way. */
class Worker implements OperationReceiver, Ended {
  key = 0
  write = false
  written = 0
  value: Uint8Array = NOTHING
  invokedAt = 0
  returnedAt = 0
  ending: Ending = 'ok'
  reason = ''
  readonly #loop: ClosedLoop
  readonly #go: () => void
  #triesLeft = 0
  #failures = 0

  constructor(loop: ClosedLoop) {
    this.#loop = loop
    this.#go = () => this.#next()
  }

  begin(): void {
    const { throttle } = this.#loop.options
    if (throttle === null) this.#next()
    else throttle.enter(this.#go)
  }

  #next(): void {
    const step = this.#loop.take()
    if (step === null) {
      this.#loop.retire()
      return
    }
    this.key = step.key
    this.write = step.write
    this.#triesLeft = this.#loop.options.retries
    this.#send()
  }

  #send(): void {
    const { transport, values, now } = this.#loop.options
    this.written = this.write ? this.#loop.takeValue() : 0
    const value = this.write ? values.encode(this.written) : null
    this.invokedAt = now()
    transport.send(this.key, value, this)
  }

  onApplied(value: Uint8Array): void {
    this.#failures = 0
    this.#end('ok', value, '')
    this.begin()
  }

  onFailed(definite: boolean, reason: string): void {
    const harmless = definite || !this.write
    const retry = harmless && this.#triesLeft-- > 0 && !this.#loop.stopped
    if (!retry) this.#end(definite ? 'failed' : 'unknown', NOTHING, reason)
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** this.#failures++, LONGEST_PAUSE_MS)
    setTimeout(() => (retry ? this.#send() : this.begin()), pauseMs)
  }

  #end(ending: Ending, value: Uint8Array, reason: string): void {
    this.returnedAt = this.#loop.options.now()
    this.ending = ending
    this.value = value
    this.reason = reason
    this.#loop.options.onEnded(this)
  }
}
