/** What the checker says about a history, and how it says it to people. */
import type { Limit } from './budget.ts'
import { type Operation, show, type Value } from './operation.ts'

/** The verdict on a history. */
export type Verdict = Linearizable | NotLinearizable | Unknown

/** Every key has a linearization. */
export interface Linearizable {
  readonly verdict: 'linearizable'
  readonly keys: number
  readonly operations: number
}

/** One key has none, and this is the evidence. */
export interface NotLinearizable {
  readonly verdict: 'not linearizable'
  readonly key: string
  /**
   * The first operation that cannot be placed: the key's history up to its return has no linearization, and up to any
   * earlier return it has one. Operations in flight at that return may be in it or not, with the outputs they got later.
   */
  readonly operation: Operation
  /** A longest partial linearization: all that returned before, without what constrains nothing. */
  readonly order: readonly Operation[]
  /** The state of the key after `order`. */
  readonly state: Value
}

/** No key is known to be bad, but these could not be decided within the limit. */
export interface Unknown {
  readonly verdict: 'unknown'
  readonly limit: Limit
  readonly keys: readonly string[]
}

const SHOWN = 12

/**
 * A verdict in lines for people; the first is the verdict itself.
 * @param unit what the times of the operations are: `index` of the event in the file, or `time`
 */
export function explain(verdict: Verdict, unit: string): string[] {
  switch (verdict.verdict) {
    case 'linearizable':
      if (verdict.operations === 0) return ['linearizable', 'no operations: nothing was checked']
      return ['linearizable', `${verdict.operations} operations on ${verdict.keys} keys`]
    case 'unknown':
      return [
        'unknown',
        `the limit of ${verdict.limit} was reached with ${verdict.keys.length} keys undecided: ${verdict.keys
          .slice(0, SHOWN)
          .map((key) => JSON.stringify(key))
          .join(', ')}${verdict.keys.length > SHOWN ? ' …' : ''}`,
      ]
    case 'not linearizable':
      return ['not linearizable', ...evidence(verdict, unit)]
  }
}

function evidence({ operation, order, state }: NotLinearizable, unit: string): string[] {
  const hidden = Math.max(0, order.length - SHOWN)
  return [
    `first operation that cannot be placed: ${timed(operation, unit)}`,
    `longest partial linearization: ${order.length} operations, after which the value is ${JSON.stringify(state)}`,
    ...(hidden > 0 ? [`  … ${hidden} operations`] : []),
    ...order.slice(hidden).map((o) => `  ${timed(o, unit)}`),
  ]
}

function timed(operation: Operation, unit: string): string {
  const end = operation.outcome === 'unknown' ? 'no return' : `return at ${unit} ${operation.return}`
  return `${show(operation)} (call at ${unit} ${operation.call}, ${end})`
}
