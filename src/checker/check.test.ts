/** What the checker answers to histories that are known, hard, or no histories at all. */
import { describe, expect, test } from 'vitest'
import { casRegister, checkHistory, explain, kv, type Operation, register, type Value } from './index.ts'

type Row = [op: string, value: Value | readonly Value[], call: number, end: number | null, more?: Partial<Operation>]

/** Rows are `[op, what was put or read, call, return]`; a return of null means an unknown outcome. */
function history(rows: readonly Row[]): Operation[] {
  return rows.map(([op, value, call, end, more], i) => ({
    client: i,
    key: 'k',
    op,
    input: op === 'get' ? null : value,
    output: op === 'get' && end !== null ? (value as Value) : op === 'cas' && end !== null ? true : undefined,
    call,
    return: end ?? Infinity,
    outcome: end === null ? 'unknown' : 'ok',
    ...more,
  }))
}

describe('known histories', () => {
  test.each<[string, boolean, Row[]]>([
    ['nothing', true, []],
    ['a read of the initial value', true, [['get', 0, 0, 1]]],
    ['a phantom read', false, [['get', 7, 0, 1]]],
    [
      'a stale initial read',
      false,
      [
        ['put', 1, 0, 1],
        ['get', 0, 2, 3],
      ],
    ],
    [
      'a stale read',
      false,
      [
        ['put', 1, 0, 1],
        ['put', 2, 2, 3],
        ['get', 1, 4, 5],
      ],
    ],
    [
      'a read before its write began',
      false,
      [
        ['get', 1, 0, 1],
        ['put', 1, 2, 3],
      ],
    ],
    [
      'a read while its write is under way',
      true,
      [
        ['put', 1, 0, 10],
        ['get', 1, 3, 4],
      ],
    ],
    [
      'new, then old, by readers one after the other',
      false,
      [
        ['put', 1, 0, 10],
        ['get', 1, 1, 2],
        ['get', 0, 3, 4],
      ],
    ],
    [
      'old, then new',
      true,
      [
        ['put', 1, 0, 10],
        ['get', 0, 1, 2],
        ['get', 1, 3, 4],
      ],
    ],
    [
      'two writes seen in both orders',
      false,
      [
        ['put', 1, 0, 5],
        ['put', 2, 0, 5],
        ['get', 1, 6, 7],
        ['get', 2, 6, 7],
      ],
    ],
    [
      'an open write that takes effect late',
      true,
      [
        ['put', 1, 0, null],
        ['get', 0, 1, 2],
        ['get', 1, 3, 4],
      ],
    ],
    [
      'an open write that takes effect twice',
      false,
      [
        ['put', 1, 0, null],
        ['get', 1, 1, 2],
        ['put', 2, 3, 4],
        ['get', 1, 5, 6],
      ],
    ],
    [
      'a write that failed and was read',
      false,
      [
        ['put', 1, 0, 1, { outcome: 'failed' }],
        ['get', 1, 2, 3],
      ],
    ],
    [
      'a time-out with a time of return is still open',
      true,
      [
        ['put', 1, 0, 1, { outcome: 'unknown' }],
        ['get', 0, 2, 3],
        ['get', 1, 4, 5],
      ],
    ],
    [
      'equal times are concurrent',
      true,
      [
        ['put', 1, 0, 5],
        ['get', 0, 5, 6],
      ],
    ],
    [
      'a compare-and-set twice from one value',
      false,
      [
        ['cas', [0, 1], 0, 9],
        ['cas', [0, 2], 0, 9],
      ],
    ],
    [
      'a compare-and-set that observed another value',
      false,
      [
        ['cas', [0, 1], 0, 1, { output: false }],
        ['get', 0, 2, 3],
      ],
    ],
  ])('%s: %s', (_, good, rows) => {
    const verdict = checkHistory(history(rows), casRegister(0))
    expect(verdict.verdict).toBe(good ? 'linearizable' : 'not linearizable')
  })

  test('the evidence names the key, the operation and a linearization of what came before', () => {
    const rows = history([
      ['put', 'a', 0, 1],
      ['put', 'b', 2, 3],
      ['get', 'a', 4, 5],
      ['get', 'c', 6, 7],
    ])
    const verdict = checkHistory([{ ...rows[0]!, key: 'other' }, ...rows], register())
    expect(verdict).toEqual({
      verdict: 'not linearizable',
      key: 'k',
      operation: rows[2],
      order: [rows[0], rows[1]],
      state: 'b',
    })
    expect(explain(verdict, 'time')).toEqual([
      'not linearizable',
      'first operation that cannot be placed: client 2 key "k": get -> "a" (call at time 4, return at time 5)',
      'longest partial linearization: 2 operations, after which the value is "b"',
      '  client 0 key "k": put "a" (call at time 0, return at time 1)',
      '  client 1 key "k": put "b" (call at time 2, return at time 3)',
    ])
  })

  test('every key starts from its own initial value', () => {
    const initial = (key: string) => (key === 'k' ? 'old' : null)
    const read = history([['get', 'old', 0, 1]])
    expect(checkHistory(read, register(initial)).verdict).toBe('linearizable')
    expect(checkHistory([{ ...read[0]!, key: 'j' }], register(initial)).verdict).toBe('not linearizable')
  })
})

describe('limits', () => {
  /** Fifty clients append at once; what is read then holds one part twice and lacks another. */
  const appends = Array.from({ length: 50 }, (_, i): Row => ['append', `<${i}>`, i / 100, 100])
  const impossible = appends
    .map(([, part]) => part)
    .join('')
    .replace('<7>', '<31>')
  const hard = history([...appends, ['get', impossible, 101, 102]])

  test.each([
    ['steps', { steps: 100_000 }],
    ['cacheEntries', { cacheEntries: 100_000 }],
  ] as const)('one key, fifty clients, all at once: unknown by %s', (limit, limits) => {
    const verdict = checkHistory(hard, kv(), limits)
    expect(verdict).toEqual({ verdict: 'unknown', limit, keys: ['k'] })
    expect(explain(verdict, 'time')[0]).toBe('unknown')
  })

  test('milliseconds are those of the clock that was given', () => {
    let time = 0
    const verdict = checkHistory(hard, kv(), { milliseconds: 50, now: () => time++ })
    expect(verdict).toMatchObject({ verdict: 'unknown', limit: 'milliseconds' })
    expect(() => checkHistory(hard, kv(), { milliseconds: 50 })).toThrow('clock')
  })

  test('a bad key is found although a hard one comes first', () => {
    const bad = { ...history([['get', 'x', 0, 1]])[0]!, key: 'bad' }
    expect(checkHistory([...hard, bad], kv(), { steps: 10_000 })).toMatchObject({
      verdict: 'not linearizable',
      key: 'bad',
    })
  })

  test('a phantom read behind forty open operations is found', () => {
    const rows = Array.from({ length: 40 }, (_, i): Row[] => [
      ['cas', [i % 5, (3 * i + 1) % 5], 10 * i, null],
      ['put', i % 5, 10 * i + 1, 10 * i + 4],
      ['put', (i + 2) % 5, 10 * i + 2, 10 * i + 5],
      ['get', (i + 2) % 5, 10 * i + 6, 10 * i + 7],
    ])
    const verdict = checkHistory(history([...rows.flat(), ['get', 99, 401, 402]]), casRegister(0), { steps: 1_000_000 })
    expect(verdict).toMatchObject({ verdict: 'not linearizable', operation: { output: 99 } })
  })

  test('unique values need no search', () => {
    const puts = Array.from({ length: 50 }, (_, i): Row => ['put', i + 1, i / 100, 100])
    const gets = Array.from({ length: 50 }, (_, i): Row => ['get', i + 1, i / 100, 100 + i])
    expect(checkHistory(history([...puts, ...gets]), register(0), { steps: 0 }).verdict).toBe('linearizable')
  })
})

describe('what is no history', () => {
  test.each<[string, Partial<Operation>]>([
    ['no time of call', { call: Number.NaN }],
    ['never returned', { return: Infinity }],
    ['before it was called', { call: 9 }],
  ])('%s', (message, wrong) => {
    const [read] = history([['get', 1, 0, 1]])
    expect(() => checkHistory([{ ...read!, ...wrong }], register())).toThrow(message)
  })

  test('an operation that the model does not know', () => {
    expect(() => checkHistory(history([['cas', [1, 2], 0, 1]]), register())).toThrow('a register has no such operation')
  })
})

/** A store of `keys` keys in which each operation takes effect at a random moment between call and return. */
function generate(count: number, keys: number, clients: number, value: (i: number) => Value): Operation[] {
  let seed = 7
  const random = () => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32
  const free = new Float64Array(clients)
  const moments = new Float64Array(count)
  const drafts = Array.from({ length: count }, (_, i) => {
    const client = i % clients
    const call = free[client]! + random()
    moments[i] = call + 10 * random()
    free[client] = moments[i]! + 10 * random()
    const op = random() < 0.5 ? 'put' : 'get'
    const key = String(Math.floor(random() * keys))
    return {
      client,
      key,
      op,
      input: op === 'put' ? value(i) : null,
      call,
      return: free[client]!,
      outcome: 'ok' as const,
    }
  })
  const store = new Map<string, Value>()
  const outputs = new Array<Value | undefined>(count)
  for (const i of drafts.map((_, i) => i).sort((a, b) => moments[a]! - moments[b]!)) {
    const { op, key, input } = drafts[i]!
    if (op === 'put') store.set(key, input)
    else outputs[i] = store.get(key) ?? null
  }
  return drafts.map((draft, i) => ({ ...draft, output: outputs[i] }))
}

describe('a million operations', () => {
  test.each([
    ['unique values', (i: number) => `v${i}`],
    ['a hundred values', (i: number) => i % 100],
  ])('over a thousand keys by 64 clients, %s, within 60 s', (_, value) => {
    const operations = generate(1_000_000, 1000, 64, value)
    const began = performance.now()
    expect(checkHistory(operations, register())).toEqual({ verdict: 'linearizable', keys: 1000, operations: 1_000_000 })
    expect(performance.now() - began).toBeLessThan(60_000)
    const late = operations.findLastIndex((o) => o.op === 'get')
    const broken = operations.with(late, { ...operations[late]!, output: 'phantom' })
    expect(checkHistory(broken, register())).toMatchObject({
      verdict: 'not linearizable',
      operation: { output: 'phantom' },
    })
  })
})
