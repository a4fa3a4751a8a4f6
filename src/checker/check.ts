/** Judges a whole history: key by key, each with the fastest judge that applies. */
import { SynodError } from '../errors.ts'
import { Budget, type Limit, type Limits } from './budget.ts'
import type { Judgement } from './judgement.ts'
import type { Model } from './model.ts'
import { assertOperation, type History, type Operation, show, type Value } from './operation.ts'
import { search } from './search.ts'
import { sweep } from './sweep.ts'
import { type Timeline, timeline } from './timeline.ts'
import { judgeUnique } from './unique.ts'
import type { NotLinearizable, Verdict } from './verdict.ts'

/**
 * In the first round a key gets this many steps of depth-first search per operation. That suffices for nearly every key,
 * and a hard one does not hide a bad one. The second round sweeps what is left.
 */
const QUICK_STEPS = 100

/**
 * Whether a history is linearizable: whether the operations on each key, taking effect one by one and each between its
 * call and its return, could have given these outputs. Linearizability is local, so keys are judged one by one
 * (Herlihy and Wing, Linearizability: a correctness condition for concurrent objects, TOPLAS 1990, §3.3).
 * @param history operations in any order; a failed one is left out, one of unknown outcome may take effect after its
 * call at any time, or never
 * @param model what each key is
 * @param limits beyond them the verdict is unknown, never linearizable
 * @throws SynodError `malformed` for an operation with impossible times, `usage` for one that the model does not know
 */
export function checkHistory(history: History, model: Model, limits: Limits = {}): Verdict {
  const budget = new Budget(limits)
  const keys = partition(history, model)
  const undecided: string[] = []
  for (const [key, operations] of keys) {
    const line = timeline(operations)
    const initial = model.initial(key)
    const fast = model.registerLike ? judgeUnique(line, initial) : undefined
    const judgement = fast ?? search(line, model, initial, budget, QUICK_STEPS * operations.length)
    if (judgement.verdict === 'not linearizable') return refutation(key, line, model, judgement)
    if (judgement.verdict === 'unknown') undecided.push(key)
  }
  let limit: Limit | undefined
  const unknown: string[] = []
  for (const key of undecided) {
    const line = timeline(keys.get(key)!)
    const judgement = sweep(line, model, model.initial(key), budget)
    if (judgement.verdict === 'not linearizable') return refutation(key, line, model, judgement)
    if (judgement.verdict !== 'unknown') continue
    limit ??= judgement.limit
    unknown.push(key)
  }
  if (limit) return { verdict: 'unknown', limit, keys: unknown }
  return { verdict: 'linearizable', keys: keys.size, operations: history.length }
}

/** The operations of each key that can matter. */
function partition(history: History, model: Model): Map<string, Operation[]> {
  const keys = new Map<string, Operation[]>()
  for (const operation of history) {
    assertOperation(operation)
    if (!model.operations.includes(operation.op)) {
      throw new SynodError('usage', `a ${model.name} has no such operation: ${show(operation)}`)
    }
    let operations = keys.get(operation.key)
    if (!operations) keys.set(operation.key, (operations = []))
    if (constrains(operation, model)) operations.push(operation)
  }
  for (const [key, operations] of keys) {
    if (!operations.some((o) => o.outcome === 'unknown')) continue
    const ignorable = model.ignorable(operations)
    keys.set(
      key,
      operations.filter((o) => o.outcome !== 'unknown' || !ignorable(o)),
    )
  }
  return keys
}

/** Not so: what failed, and what changes nothing and was not observed, for that is possible everywhere. */
function constrains(operation: Operation, model: Model): boolean {
  if (operation.outcome === 'failed') return false
  const unseen = operation.outcome === 'unknown' || operation.output === undefined
  return !(unseen && model.observes(operation))
}

function refutation(
  key: string,
  { operations }: Timeline,
  model: Model,
  { blocked, order }: Extract<Judgement, { verdict: 'not linearizable' }>,
): NotLinearizable {
  const placed = Array.from(order, (i) => operations[i]!)
  const state = placed.reduce<Value>((value, operation) => model.step(value, operation) ?? null, model.initial(key))
  return { verdict: 'not linearizable', key, operation: operations[blocked]!, order: placed, state }
}
