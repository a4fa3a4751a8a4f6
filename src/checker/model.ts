/** What a model is: the sequential specification that a history is judged by, as a value of pure functions. */
import type { Operation, Value } from './operation.ts'

/** What each key holds at first: one value for all, or a function of the key. */
export type Initial = Value | ((key: string) => Value)

/**
 * The specification of one key. States are primitive values, compared with `===`; a structured state is written as a
 * string. All functions are pure, and those that take an operation accept one whose output was not observed.
 */
export interface Model {
  readonly name: string
  /** The operations it knows. */
  readonly operations: readonly string[]
  /** Whether `get` and `put` mean what they mean to a register, which allows the judge of `unique.ts`. */
  readonly registerLike: boolean
  /** The state of a key before the first operation. */
  initial(key: string): Value
  /** The state after `operation` in `state`, or undefined if its output could not have been observed there. */
  step(state: Value, operation: Operation): Value | undefined
  /** Whether it leaves every state in which it is possible as it is: a read, but not a write of the present value. */
  observes(operation: Operation): boolean
  /** Operations of one kind are possible in the same states and have the same effect. Unknown counts as took effect. */
  kind(operation: Operation): string
  /**
   * Given all operations of a key that have not failed, tells of those with an unknown outcome whether the history
   * without them has the same verdict. It is asked only about these; each model proves its answer.
   */
  ignorable(operations: readonly Operation[]): (open: Operation) => boolean
}

/** `Initial` as a function. */
export function initially(initial: Initial): (key: string) => Value {
  return typeof initial === 'function' ? initial : () => initial
}
