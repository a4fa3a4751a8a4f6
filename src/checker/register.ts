/** A register: `get` returns what the last `put` wrote. */
import { type Initial, initially, type Model } from './model.ts'
import type { Operation, Value } from './operation.ts'

/**
 * A register per key with `get` and `put`.
 * @param initial what it holds at first, null by default
 */
export function register(initial: Initial = null): Model {
  return {
    name: 'register',
    operations: ['get', 'put'],
    registerLike: true,
    initial: initially(initial),
    step: stepRegister,
    observes: (operation) => operation.op === 'get',
    kind: ({ op, input, output }) => JSON.stringify(op === 'get' ? [op, output] : [op, input]),
    ignorable: unread,
  }
}

/** `get` and `put` of a register, for the models built on it. */
export function stepRegister(state: Value, { op, input, output }: Operation): Value | undefined {
  if (op === 'put') return input as Value
  return output === undefined || output === state ? state : undefined
}

/**
 * An open put whose value no get returns can be left out. Proof: in a linearization that has it, it is followed by
 * another put or by nothing, for a get right behind it would return its value. Without it the only states that differ
 * are those between it and that put, and no operation sees them. The other direction is trivial: it may never happen.
 */
function unread(operations: readonly Operation[]): (open: Operation) => boolean {
  const read = new Set<unknown>()
  for (const { op, output } of operations) if (op === 'get') read.add(output)
  return (open) => !read.has(open.input)
}
