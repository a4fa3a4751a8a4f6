/** What a run found, as Paxi's lines for people and their scripts, and as one JSON object for machines. */
import type { Latencies } from './meter.ts'

/** Whether the history is linearizable. */
export type Verdict = 'linearizable' | 'not linearizable' | 'unknown'

/** The result of a run. */
export interface Report {
  /** Whether keys were loaded, instead of a workload run. */
  readonly load: boolean
  readonly concurrency: number
  readonly writeRatio: number
  readonly keys: number
  readonly seconds: number
  /** Applied operations per second. */
  readonly throughput: number
  /** Applied operations. */
  readonly operations: number
  /** Operations that certainly were not applied. */
  readonly errors: number
  /** Operations that may have been applied. */
  readonly unknown: number
  /** What the first operation that failed said; empty when none did. */
  readonly firstFailure: string
  /** Of applied operations; null when there was none. */
  readonly latencyMs: Latencies | null
  /** Null when the history was not judged. */
  readonly verdict: Verdict | null
  /** For a verdict other than linearizable: why, in a line or two; else empty. */
  readonly explanation: string
  /** Whether the run was interrupted before its end. */
  readonly interrupted: boolean
}

/** The report as lines, spelt like Paxi's, with errors and unknown outcomes added. Latencies are milliseconds. */
export function reportText(report: Report): string {
  const lines = report.load
    ? [`Benchmark took ${duration(report.seconds)}`, `Throughput ${fixed(report.throughput)}`]
    : [
        `Concurrency = ${report.concurrency}`,
        `Write Ratio = ${fixed(report.writeRatio)}`,
        `Number of Keys = ${report.keys}`,
        `Benchmark Time = ${duration(report.seconds)}`,
        `Throughput = ${fixed(report.throughput)}`,
      ]
  lines.push(`size = ${report.operations}`)
  const latency = report.latencyMs
  if (latency) {
    const { mean, min, max, p50, p95, p99, p999 } = latency
    for (const [name, ms] of Object.entries({ mean, min, max, median: p50, p95, p99, p999 })) {
      lines.push(`${name} = ${fixed(ms)}`)
    }
  }
  lines.push(`errors = ${report.errors}`, `unknown = ${report.unknown}`)
  if (report.verdict !== null) lines.push(VERDICTS[report.verdict])
  if (report.explanation !== '') lines.push(report.explanation)
  return `${lines.join('\n')}\n`
}

const VERDICTS: Readonly<Record<Verdict, string>> = {
  linearizable: 'The execution is linearizable.',
  'not linearizable': 'The execution is NOT linearizable.',
  unknown: 'Whether the execution is linearizable is unknown.',
}

/** The report as one line of JSON; `latencyMs` and `verdict` are null where there is nothing to tell. */
export function reportJson(report: Report): string {
  const { throughput, operations, errors, unknown, latencyMs, verdict } = report
  return `${JSON.stringify({ throughput, operations, errors, unknown, latencyMs, verdict })}\n`
}

/**
 * The program's exit code: 130 interrupted, 1 when no operation succeeded or not every key was loaded, 3 not
 * linearizable, 4 verdict unknown, else 0.
 */
export function exitCode(report: Report): number {
  if (report.interrupted) return 130
  if (report.operations === 0 || (report.load && report.errors + report.unknown > 0)) return 1
  if (report.verdict === 'not linearizable') return 3
  return report.verdict === 'unknown' ? 4 : 0
}

/** As Go prints a float with `%f`. */
function fixed(value: number): string {
  return value.toFixed(6)
}

/** As Go prints a duration: `1m0.5s`, `12.25ms`. */
export function duration(seconds: number): string {
  if (seconds < 1) return `${trimmed(seconds * 1000, 6)}ms`
  const whole = Math.floor(seconds / 60)
  const hours = Math.floor(whole / 60)
  const rest = `${trimmed(seconds - whole * 60, 9)}s`
  if (hours > 0) return `${hours}h${whole % 60}m${rest}`
  return whole > 0 ? `${whole}m${rest}` : rest
}

function trimmed(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)))
}
