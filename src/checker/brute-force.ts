/**
 * The definition of linearizability, tried out literally: every order of every choice of open operations. It shares
 * nothing with the judges, so that they can be tested against it, and is good for some seven operations.
 */
import type { Model } from './model.ts'
import type { History, Operation, Value } from './operation.ts'

/** Whether the operations of one key have a linearization. */
export function bruteForce(history: History, model: Model): boolean {
  const operations = history.filter((o) => o.outcome !== 'failed')
  return extend(operations, model, model.initial(history[0]?.key ?? ''))
}

function extend(left: readonly Operation[], model: Model, state: Value): boolean {
  if (left.every((o) => o.outcome === 'unknown')) return true
  for (const operation of left) {
    if (left.some((o) => o.outcome === 'ok' && o.return < operation.call)) continue
    const next = model.step(state, operation)
    if (next === undefined) continue
    if (
      extend(
        left.filter((o) => o !== operation),
        model,
        next,
      )
    )
      return true
  }
  return false
}

/** The operation with whose return the shortest prefix of `history` ends that has no linearization. */
export function bruteForceBlocked(history: History, model: Model): Operation | undefined {
  const ended = history.filter((o) => o.outcome === 'ok').sort((a, b) => a.return - b.return)
  return ended.find((last) => !bruteForce(prefix(history, last.return), model))
}

/** What is required at `time`: what had not returned is open, but can only take effect with the output it was to have. */
function prefix(history: History, time: number): Operation[] {
  return history
    .filter((o) => o.call < time && o.outcome !== 'failed')
    .map((o) => (o.outcome === 'ok' && o.return <= time ? o : { ...o, outcome: 'unknown' }))
}

/** Whether `order` is legal for the model, respects real time, and contains all of `required`. */
export function isLinearization(order: readonly Operation[], required: History, model: Model): boolean {
  let state: Value = model.initial(order[0]?.key ?? '')
  for (const [i, operation] of order.entries()) {
    const next = model.step(state, operation)
    if (next === undefined) return false
    state = next
    if (order.slice(i + 1).some((later) => later.outcome === 'ok' && later.return < operation.call)) return false
  }
  return new Set(order).size === order.length && required.every((o) => order.includes(o))
}
