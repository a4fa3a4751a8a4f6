/** Counts operations by how they ended, and keeps the latencies of those that were applied. */
import { build } from 'hdr-histogram-js'
import type { Ended } from './closed-loop.ts'

/** Latencies in milliseconds. */
export interface Latencies {
  readonly mean: number
  readonly min: number
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

const MICROSECONDS = 1000
const LONGEST_US = 3600 * 1e6

/** See the file's head. */
export class Meter {
  /** Operations that were applied. */
  operations = 0
  /** Operations that certainly were not. */
  errors = 0
  /** Operations of which nobody knows. */
  unknown = 0
  /** What the first failure said; empty when there was none. */
  firstFailure = ''
  /** Microseconds, three significant digits. */
  readonly #histogram = build({ highestTrackableValue: LONGEST_US, autoResize: false, useWebAssembly: false })
  #sumMs = 0
  #minMs = Number.POSITIVE_INFINITY
  #maxMs = 0

  /** Counts an operation that has ended. */
  add({ ending, invokedAt, returnedAt, reason }: Ended): void {
    if (ending === 'ok') {
      this.operations++
      this.#record(returnedAt - invokedAt)
    } else {
      if (ending === 'failed') this.errors++
      else this.unknown++
      if (this.firstFailure === '') this.firstFailure = reason
    }
  }

  /** The latencies of applied operations; null when there was none. Mean, min and max are exact. */
  latencies(): Latencies | null {
    if (this.operations === 0) return null
    const at = (percentile: number) => {
      const ms = this.#histogram.getValueAtPercentile(percentile) / MICROSECONDS
      return Math.min(Math.max(ms, this.#minMs), this.#maxMs)
    }
    return {
      mean: this.#sumMs / this.operations,
      min: this.#minMs,
      p50: at(50),
      p95: at(95),
      p99: at(99),
      p999: at(99.9),
      max: this.#maxMs,
    }
  }

  #record(ms: number): void {
    this.#sumMs += ms
    if (ms < this.#minMs) this.#minMs = ms
    if (ms > this.#maxMs) this.#maxMs = ms
    this.#histogram.recordValue(Math.min(Math.max(Math.round(ms * MICROSECONDS), 1), LONGEST_US))
  }
}
