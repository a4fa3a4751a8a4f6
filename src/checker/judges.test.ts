/** The judges against the definition, the fast one against the general one, and leaving out against leaving in. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anomalies } from './anomalies.ts'
import { bruteForce, bruteForceBlocked, isLinearization } from './brute-force.ts'
import { Budget } from './budget.ts'
import { casRegister } from './cas-register.ts'
import { checkHistory } from './check.ts'
import type { Judgement } from './judgement.ts'
import { kv } from './kv.ts'
import type { Model } from './model.ts'
import type { Operation, Outcome, Value } from './operation.ts'
import { register } from './register.ts'
import { search } from './search.ts'
import { sweep } from './sweep.ts'
import { timeline } from './timeline.ts'
import { judgeUnique } from './unique.ts'

const RUNS = { numRuns: 4000 }

interface Draft {
  readonly op: string
  readonly input: Value | readonly Value[]
  readonly output: Value | boolean | undefined
  readonly outcome: Outcome
}

/** Histories of one key: drafts laid over random distinct event times. Half of all draws have long, busy overlaps. */
function histories(draft: fc.Arbitrary<Draft>, maxLength: number): fc.Arbitrary<Operation[]> {
  const span = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 400 }))
  return fc
    .array(fc.record({ draft, call: fc.integer({ min: 0, max: 300 }), span, ended: fc.boolean() }), {
      minLength: 1,
      maxLength,
    })
    .map((rows) =>
      rows.map(({ draft: { op, input, output, outcome }, call, span: length, ended }, i) => ({
        client: i,
        key: 'k',
        op,
        input,
        output: outcome === 'ok' ? output : undefined,
        call: call + i / 100,
        return: outcome === 'unknown' && !ended ? Infinity : call + length + i / 100 + 0.005,
        outcome,
      })),
    )
}

const outcome = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Outcome>('ok') },
  { weight: 3, arbitrary: fc.constant<Outcome>('unknown') },
  { weight: 1, arbitrary: fc.constant<Outcome>('failed') },
)
const small = fc.constantFrom<Value>(null, 0, 1, 2)
const get = (value: fc.Arbitrary<Value | undefined>) =>
  fc.record({ op: fc.constant('get'), input: fc.constant(null), output: value, outcome })
const put = (value: fc.Arbitrary<Value>) =>
  fc.record({ op: fc.constant('put'), input: value, output: fc.constant(undefined), outcome })
const seen = fc.oneof({ weight: 9, arbitrary: small }, { weight: 1, arbitrary: fc.constant(undefined) })
const cas = fc.record({
  op: fc.constant('cas'),
  input: fc.tuple(small, small),
  output: fc.constantFrom<boolean | undefined>(true, true, true, false, false, undefined),
  outcome,
})
const append = fc.record({
  op: fc.constant('append'),
  input: fc.constantFrom('', 'a', 'b', 'ab'),
  output: fc.constant(undefined),
  outcome,
})
const text = fc.constantFrom<Value>(null, '', 'a', 'b', 'ab', 'ba', 'aab', 'aba')

const CASES: readonly { readonly model: Model; readonly draft: fc.Arbitrary<Draft> }[] = [
  { model: register(), draft: fc.oneof(get(seen), put(small)) },
  { model: register(1), draft: fc.oneof(get(seen), put(small)) },
  { model: casRegister(0), draft: fc.oneof(get(seen), put(small), cas) },
  { model: casRegister(), draft: fc.oneof(get(seen), put(small), cas, cas) },
  { model: kv(), draft: fc.oneof(get(text), put(text), append) },
  { model: kv(''), draft: fc.oneof(get(text), append) },
]

function judge(
  history: Operation[],
  model: Model,
  by: typeof search | typeof sweep,
): { line: Operation[]; judgement: Judgement } {
  const line = timeline(history.filter((o) => o.outcome !== 'failed'))
  return { line: [...line.operations], judgement: by(line, model, model.initial('k'), new Budget({})) }
}

describe.each(CASES)('$model.name, case %#', ({ model, draft }) => {
  test.each([search, sweep])('$name agrees with the definition, and so does its evidence', (by) => {
    const met = { linearizable: 0, 'not linearizable': 0, unknown: 0 }
    fc.assert(
      fc.property(histories(draft, 6), (history) => {
        const { line, judgement } = judge(history, model, by)
        met[judgement.verdict]++
        expect(judgement.verdict).toBe(bruteForce(history, model) ? 'linearizable' : 'not linearizable')
        if (judgement.verdict === 'unknown') return
        const order = Array.from(judgement.order, (i) => line[i]!)
        if (judgement.verdict === 'linearizable') {
          const ended = history.filter((o) => o.outcome === 'ok')
          expect(isLinearization(order, ended, model)).toBe(true)
          return
        }
        const blocked = line[judgement.blocked]!
        expect(blocked).toBe(bruteForceBlocked(history, model))
        const before = history.filter((o) => o.outcome === 'ok' && o.return < blocked.return)
        expect(isLinearization(order, before, model)).toBe(true)
      }),
      RUNS,
    )
    expect(Math.min(met.linearizable, met['not linearizable'])).toBeGreaterThan(RUNS.numRuns / 20)
  })

  test('leaving out what cannot matter keeps the verdict and the operation to blame', () => {
    fc.assert(
      fc.property(histories(draft, 6), (history) => {
        const verdict = checkHistory(history, model)
        expect(verdict.verdict).toBe(bruteForce(history, model) ? 'linearizable' : 'not linearizable')
        if (verdict.verdict === 'not linearizable') expect(verdict.operation).toBe(bruteForceBlocked(history, model))
      }),
      RUNS,
    )
  })
})

/** Histories whose puts all write different values, mostly read back as they might have been. */
const unique = histories(fc.oneof(get(fc.integer({ min: 0, max: 7 })), put(fc.constant(0))), 9).map((history) =>
  history.map((o, i) =>
    o.op === 'put' ? { ...o, input: i + 1 } : { ...o, output: o.outcome === 'ok' ? o.output : undefined },
  ),
)

describe('unique values', () => {
  const model = register(0)

  test.each([
    ['the definition', 6],
    ['the search', 9],
  ])('the fast judge agrees with %s', (against, length) => {
    let applied = 0
    fc.assert(
      fc.property(unique, (all) => {
        const history = all
          .slice(0, length)
          .filter((o) => o.outcome !== 'failed' && (o.op === 'put' || o.outcome === 'ok'))
        const line = timeline(history)
        const fast = judgeUnique(line, 0)!
        applied++
        const slow = search(line, model, 0, new Budget({}))
        if (against === 'the definition') {
          expect(fast.verdict).toBe(bruteForce(history, model) ? 'linearizable' : 'not linearizable')
        }
        expect(fast.verdict).toBe(slow.verdict)
        if (fast.verdict === 'unknown') return
        const order = Array.from(fast.order, (i) => line.operations[i]!)
        const ended = history.filter((o) => o.outcome === 'ok')
        if (fast.verdict === 'linearizable') {
          expect(isLinearization(order, ended, model)).toBe(true)
          return
        }
        expect(fast.blocked).toBe(slow.verdict === 'not linearizable' && slow.blocked)
        const end = line.operations[fast.blocked]!.return
        expect(
          isLinearization(
            order,
            ended.filter((o) => o.return < end),
            model,
          ),
        ).toBe(true)
      }),
      RUNS,
    )
    expect(applied).toBe(RUNS.numRuns)
  })

  test('it does not apply to a value written twice, to the initial value written, or to other operations', () => {
    const base = { client: 1, key: 'k', output: undefined, call: 0, return: 1, outcome: 'ok' } as const
    const twice = [
      { ...base, op: 'put', input: 1 },
      { ...base, op: 'put', input: 1 },
    ]
    expect(judgeUnique(timeline(twice), 0)).toBeUndefined()
    expect(judgeUnique(timeline([{ ...base, op: 'put', input: 0 }]), 0)).toBeUndefined()
    expect(judgeUnique(timeline([{ ...base, op: 'append', input: 1 }]), 0)).toBeUndefined()
  })

  test('no anomalous read is counted exactly if reads of written values can be linearized', () => {
    fc.assert(
      fc.property(unique, (all) => {
        const puts = new Map(
          all.flatMap((o) => (o.op === 'put' && o.outcome !== 'failed' ? [[o.input, o] as const] : [])),
        )
        const history = all.filter((o) => o.op === 'put' || (puts.get(o.output as Value)?.call ?? Infinity) < o.return)
        expect(anomalies(history) === 0).toBe(checkHistory(history, model).verdict === 'linearizable')
      }),
      RUNS,
    )
  })
})
