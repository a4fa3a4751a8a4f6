/** Puts a run's history before the checker, within a limit of time, and says in a line or two what it found. */
import { anomalies, checkHistory, type History, register, show, type Value } from '../checker/index.ts'
import type { Verdict } from './report.ts'

/** A verdict, and for any but linearizable why. */
export interface Judged {
  readonly verdict: Verdict
  readonly explanation: string
}

/** Judges a history of `get` and `put`, given what each key held at first. */
export type Judge = (history: History, initial: (key: string) => Value) => Judged

const LONGEST_MS = 60_000

/** The checker as a judge: registers, at most a minute. Also counts anomalous reads as Paxi does. */
export function judgeHistory(history: History, initial: (key: string) => Value): Judged {
  const limits = { milliseconds: LONGEST_MS, now: () => performance.now() }
  const verdict = checkHistory(history, register(initial), limits)
  switch (verdict.verdict) {
    case 'linearizable':
      return { verdict: 'linearizable', explanation: '' }
    case 'unknown':
      return {
        verdict: 'unknown',
        explanation: `${verdict.keys.length} keys undecided at the limit of ${verdict.limit}`,
      }
    case 'not linearizable': {
      const count = anomalies(history)
      const evidence = `first impossible answer: ${show(verdict.operation)}`
      const lines = [`Total anomaly read operations are ${count}`, evidence]
      return { verdict: 'not linearizable', explanation: lines.join('\n') }
    }
  }
}
