/** The benchmark's small parts: written values, throttle, meter, history, report. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Ended } from './closed-loop.ts'
import { HistoryRecorder } from './history.ts'
import { judgeHistory } from './judge.ts'
import { Meter } from './meter.ts'
import { duration, exitCode, type Report, reportJson, reportText } from './report.ts'
import { Throttle } from './throttle.ts'
import { Values } from './values.ts'

function ended(values: Partial<Ended>): Ended {
  const value = new Uint8Array(0)
  return { key: 1, write: false, written: 0, value, invokedAt: 0, returnedAt: 1, ending: 'ok', reason: '', ...values }
}

describe('values', () => {
  it('are ten bytes, unique, and known again', () => {
    const values = new Values(123_456_789)
    const numbers = [1, 2, 127, 128, 16_384, 2 ** 31, 2 ** 35 - 1]
    const encoded = numbers.map((number) => values.encode(number))
    expect(encoded.every((value) => value.length === 10)).toBe(true)
    expect(encoded.map((value) => values.decode(value))).toEqual(numbers)
    expect(new Set(encoded.map((value) => value.toString('hex'))).size).toBe(numbers.length)
  })

  it('are a uvarint, as Paxi reads it', () => {
    const [run, number] = [5, 300]
    const value = new Values(run).encode(number)
    let read = 0n
    for (let i = 0; ; i++) {
      read |= BigInt(value[i]! & 0x7f) << BigInt(7 * i)
      if (value[i]! < 0x80) break
    }
    expect(read).toBe((BigInt(run) << 35n) | BigInt(number))
  })

  it('of other runs and programs are not known', () => {
    const values = new Values(1)
    expect(values.decode(new Values(2).encode(1))).toBeNull()
    expect(values.decode(Buffer.from('hello'))).toBeNull()
    expect(values.decode(Buffer.alloc(10))).toBeNull()
    expect(() => new Values(2 ** 28)).toThrow(RangeError)
    expect(() => values.encode(0)).toThrow(RangeError)
    expect(() => values.encode(2 ** 35)).toThrow(RangeError)
  })
})

describe('throttle', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('lets operations through evenly, in the order of arrival', () => {
    const throttle = new Throttle(100, () => Date.now())
    const start = Date.now()
    const gone: [number, number][] = []
    for (let i = 0; i < 5; i++) throttle.enter(() => gone.push([i, Date.now() - start]))
    vi.advanceTimersByTime(1_000)
    expect(gone).toEqual([0, 1, 2, 3, 4].map((i) => [i, 10 * i]))
  })

  it('keeps a rate beyond the resolution of timers', () => {
    const throttle = new Throttle(50_000, () => Date.now())
    let count = 0
    const go = () => {
      count++
      throttle.enter(go)
    }
    throttle.enter(go)
    vi.advanceTimersByTime(2_000)
    expect(count).toBeGreaterThan(99_000)
    expect(count).toBeLessThan(101_500)
  }, 10_000)

  it('does not make up for a long pause with a long burst', () => {
    const throttle = new Throttle(100, () => Date.now())
    vi.advanceTimersByTime(60_000)
    let count = 0
    for (let i = 0; i < 100; i++) throttle.enter(() => count++)
    expect(count).toBe(11)
    throttle.release()
    expect(count).toBe(100)
    throttle.enter(() => count++)
    expect(count).toBe(101)
  })
})

describe('meter', () => {
  it('counts endings apart and keeps only latencies of what was applied', () => {
    const meter = new Meter()
    for (let ms = 1; ms <= 1000; ms++) meter.add(ended({ invokedAt: 5, returnedAt: 5 + ms }))
    meter.add(ended({ ending: 'failed', reason: 'first', returnedAt: 1e6 }))
    meter.add(ended({ ending: 'unknown', reason: 'second', returnedAt: 1e6 }))
    expect(meter).toMatchObject({ operations: 1000, errors: 1, unknown: 1, firstFailure: 'first' })
    const latencies = meter.latencies()!
    expect(latencies).toMatchObject({ mean: 500.5, min: 1, max: 1000 })
    const expected = { p50: 500, p95: 950, p99: 990, p999: 999 }
    for (const [name, ms] of Object.entries(expected)) {
      expect(Math.abs(latencies[name as 'p50'] / ms - 1)).toBeLessThan(0.002)
    }
  })

  it('has no latencies without operations, and none outside what was measured', () => {
    const meter = new Meter()
    expect(meter.latencies()).toBeNull()
    meter.add(ended({ invokedAt: 0, returnedAt: 0.0501 }))
    expect(meter.latencies()).toEqual({
      mean: 0.0501,
      min: 0.0501,
      p50: 0.0501,
      p95: 0.0501,
      p99: 0.0501,
      p999: 0.0501,
      max: 0.0501,
    })
  })
})

describe('history', () => {
  const values = new Values(9)

  it('names values of this run by number, others by their bytes, none by null', () => {
    const recorder = new HistoryRecorder(values)
    recorder.setInitial(7, Buffer.from('old'))
    recorder.add(ended({ key: 7, write: true, written: 3, invokedAt: 1, returnedAt: 4 }))
    recorder.add(ended({ key: 7, value: values.encode(3), invokedAt: 2, returnedAt: 3 }))
    recorder.add(ended({ key: -8, value: Buffer.from('x') }))
    recorder.add(ended({ key: 7, write: true, written: 4, ending: 'unknown' }))
    recorder.add(ended({ key: 7, write: true, written: 5, ending: 'failed' }))
    recorder.add(ended({ key: 7, ending: 'unknown' }))
    expect(recorder.initial('7')).toBe('old')
    expect(recorder.initial('8')).toBeNull()
    expect(recorder.operations()).toEqual([
      { client: 0, key: '7', op: 'put', input: 3, output: undefined, call: 1, return: 4, outcome: 'ok' },
      { client: 1, key: '7', op: 'get', input: null, output: 3, call: 2, return: 3, outcome: 'ok' },
      { client: 2, key: '-8', op: 'get', input: null, output: 'x', call: 0, return: 1, outcome: 'ok' },
      { client: 3, key: '7', op: 'put', input: 4, output: undefined, call: 0, return: Infinity, outcome: 'unknown' },
      { client: 4, key: '7', op: 'put', input: 5, output: undefined, call: 0, return: 1, outcome: 'failed' },
    ])
  })

  it('says when it is full', () => {
    const recorder = new HistoryRecorder(values, 1)
    recorder.add(ended({}))
    expect(recorder.overflowed).toBe(false)
    recorder.add(ended({}))
    expect(recorder.overflowed).toBe(true)
    expect(recorder.operations()).toHaveLength(1)
  })

  it('is judged: a stale read and a read of what was refused are found, the initial value is known', () => {
    const good = new HistoryRecorder(values)
    good.setInitial(1, Buffer.from('old'))
    good.add(ended({ value: Buffer.from('old'), invokedAt: 0, returnedAt: 1 }))
    good.add(ended({ write: true, written: 1, invokedAt: 2, returnedAt: 3 }))
    expect(judgeHistory(good.operations(), (key) => good.initial(key)).verdict).toBe('linearizable')
    good.add(ended({ value: Buffer.from('old'), invokedAt: 4, returnedAt: 5 }))
    const stale = judgeHistory(good.operations(), (key) => good.initial(key))
    expect(stale.verdict).toBe('not linearizable')
    expect(stale.explanation).toContain('key "1"')
    const refused = new HistoryRecorder(values)
    refused.add(ended({ write: true, written: 1, ending: 'failed' }))
    refused.add(ended({ value: values.encode(1), invokedAt: 2, returnedAt: 3 }))
    expect(judgeHistory(refused.operations(), () => null).verdict).toBe('not linearizable')
  })
})

describe('report', () => {
  const report: Report = {
    load: false,
    concurrency: 4,
    writeRatio: 0.5,
    keys: 1000,
    seconds: 60.5,
    throughput: 1234.5,
    operations: 10,
    errors: 1,
    unknown: 2,
    firstFailure: 'why',
    latencyMs: { mean: 1.5, min: 1, p50: 1.25, p95: 2, p99: 3, p999: 4, max: 5 },
    verdict: 'linearizable',
    explanation: '',
    interrupted: false,
  }

  it('spells its lines like Paxi', () => {
    expect(reportText(report)).toBe(
      `Concurrency = 4
Write Ratio = 0.500000
Number of Keys = 1000
Benchmark Time = 1m0.5s
Throughput = 1234.500000
size = 10
mean = 1.500000
min = 1.000000
max = 5.000000
median = 1.250000
p95 = 2.000000
p99 = 3.000000
p999 = 4.000000
errors = 1
unknown = 2
The execution is linearizable.
`,
    )
    const bad = reportText({ ...report, verdict: 'not linearizable', explanation: 'because' })
    expect(bad).toContain('\nThe execution is NOT linearizable.\nbecause\n')
    expect(reportText({ ...report, load: true, verdict: null })).toMatch(/^Benchmark took 1m0\.5s\nThroughput 1234\.5/)
  })

  it('is one JSON object, also without operations', () => {
    expect(JSON.parse(reportJson(report))).toEqual({
      throughput: 1234.5,
      operations: 10,
      errors: 1,
      unknown: 2,
      latencyMs: report.latencyMs,
      verdict: 'linearizable',
    })
    const empty = { ...report, operations: 0, latencyMs: null, verdict: null }
    expect(JSON.parse(reportJson(empty))).toMatchObject({ latencyMs: null, verdict: null })
    expect(reportText(empty)).toContain('size = 0\nerrors')
  })

  it.each([
    [{}, 0],
    [{ operations: 0 }, 1],
    [{ load: true, verdict: null }, 1],
    [{ load: true, verdict: null, errors: 0, unknown: 0 }, 0],
    [{ verdict: null }, 0],
    [{ verdict: 'not linearizable' as const }, 3],
    [{ verdict: 'unknown' as const }, 4],
    [{ verdict: null, interrupted: true, operations: 0 }, 130],
  ])('%j exits with %i', (change, code) => {
    expect(exitCode({ ...report, ...change })).toBe(code)
  })

  it.each([
    [0.01225, '12.25ms'],
    [4, '4s'],
    [59.9999, '59.9999s'],
    [60, '1m0s'],
    [3725.25, '1h2m5.25s'],
  ])('%d seconds are %s', (seconds, text) => {
    expect(duration(seconds)).toBe(text)
  })
})
