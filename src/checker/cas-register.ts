/** A register with compare-and-set, as Jepsen's tests use it. */
import { type Initial, initially, type Model } from './model.ts'
import type { Operation, Value } from './operation.ts'
import { stepRegister } from './register.ts'

/**
 * A register per key with `get`, `put` and `cas [from, to]`. The output of a `cas` is true if it took place, and false
 * if it observed another value than `from`; unobserved, it took place exactly if the value was `from`.
 * @param initial what it holds at first, null by default
 */
export function casRegister(initial: Initial = null): Model {
  return {
    name: 'cas-register',
    operations: ['get', 'put', 'cas'],
    registerLike: true,
    initial: initially(initial),
    step,
    observes: (operation) =>
      operation.op === 'get' ||
      (operation.op === 'cas' && (operation.output === false || from(operation) === to(operation))),
    kind,
    ignorable: unseen,
  }
}

function from(operation: Operation): Value {
  return (operation.input as readonly Value[])[0] ?? null
}

function to(operation: Operation): Value {
  return (operation.input as readonly Value[])[1] ?? null
}

function step(state: Value, operation: Operation): Value | undefined {
  if (operation.op !== 'cas') return stepRegister(state, operation)
  const equal = state === from(operation)
  if (operation.output === undefined) return equal ? to(operation) : state
  if (operation.output === false) return equal ? undefined : state
  return equal ? to(operation) : undefined
}

function kind(operation: Operation): string {
  const { op, input, output, outcome } = operation
  if (op === 'get') return JSON.stringify([op, output])
  if (op === 'put') return JSON.stringify([op, input])
  return JSON.stringify([op, input, outcome === 'unknown' ? true : (output ?? null)])
}

/**
 * An open operation that leaves the value v (`put v`, or `cas [u, v]`, which changes nothing if the value is not u) can
 * be left out if no other operation that depends on the value is possible when it is v: no get returns v, no cas that
 * may have taken place starts from v, no cas observed "not u" for a u other than v. Proof: in a linearization where it
 * took effect it is followed by a put or by nothing, since anything else would be impossible right behind it. Without
 * it the only states that differ are those between it and that put, and no operation sees them. Leaving one out may
 * free another, so this is repeated until nothing changes. A cas that ended, with its result unobserved, is possible
 * everywhere, so nothing is left out then.
 */
function unseen(operations: readonly Operation[]): (open: Operation) => boolean {
  const left = new Set<Operation>()
  if (operations.some((o) => o.op === 'cas' && o.outcome === 'ok' && o.output === undefined)) return () => false
  for (let size = -1; size !== left.size; ) {
    size = left.size
    const seen = new Set<unknown>()
    const refused = new Set<Value>()
    for (const o of operations) {
      if (left.has(o)) continue
      if (o.op === 'get') seen.add(o.output)
      if (o.op !== 'cas') continue
      if (o.output === false) refused.add(from(o))
      else seen.add(from(o))
    }
    const visible = (v: Value) => seen.has(v) || refused.size > 1 || (refused.size === 1 && !refused.has(v))
    for (const o of operations) {
      if (o.outcome !== 'unknown' || o.op === 'get' || left.has(o)) continue
      if (!visible(o.op === 'put' ? (o.input as Value) : to(o))) left.add(o)
    }
  }
  return (open) => left.has(open)
}
