/** What lets a row of the soak fail: a wrong answer, input that did not arrive, memory. */
import { expect, test } from 'vitest'
import { judge, type Played } from './verdict.ts'

const GOOD: Played = {
  row: { name: 'a row', expected: 'closed', counter: 'refused_total' },
  outcomes: new Map([['closed', 100]]),
  times: 100,
  rise: 100,
  beforeMib: 80,
  afterMib: 100,
}

const judged = (changed: Partial<Played>) => judge({ ...GOOD, ...changed }, 20)

test('a row holds when each repeat came to what it must, was counted by the node, and memory stayed', () => {
  const { good, line } = judged({})
  expect(good).toBe(true)
  expect(line).toMatch(/^ok {5}a row +80\.0 -> 100\.0 MiB; 100 × closed; counted by the node: 100$/)
})

test.each<[string, Partial<Played>, string]>([
  ['another outcome', { outcomes: new Map(Object.entries({ closed: 100, kept: 1 })) }, 'not always closed'],
  ['too few', { outcomes: new Map([['closed', 99]]) }, 'only 99 of 100 came to closed'],
  ['none', { outcomes: new Map() }, 'only 0 of 100 came to closed'],
  ['input that the node did not count', { rise: 4 }, 'only 4 of 100 are in refused_total'],
  ['memory', { afterMib: 100.1 }, 'memory has grown by more than 20 MiB'],
])('it fails for %s', (_, changed, reason) => {
  const { good, line } = judged(changed)
  expect(good).toBe(false)
  expect(line.startsWith('FAILED a row ')).toBe(true)
  expect(line.split('; ')).toContain(reason)
})

test('what may come besides is no repeat', () => {
  const row = { ...GOOD.row, expected: '503', besides: ['504'] }
  const outcomes = new Map(Object.entries({ 503: 100, 504: 7 }))
  expect(judged({ row, outcomes }).good).toBe(true)
  expect(judged({ row, outcomes: new Map(Object.entries({ 503: 93, 504: 7 })) }).good).toBe(false)
})

test('of what may be lost on the way as many must arrive as were wanted, not all that were sent', () => {
  const outcomes = new Map([['closed', 130]])
  expect(judged({ outcomes, rise: 100 }).good).toBe(false)
  expect(judged({ row: { ...GOOD.row, lossy: true }, outcomes, rise: 100 }).good).toBe(true)
  expect(judged({ row: { ...GOOD.row, lossy: true }, outcomes, rise: 99 }).good).toBe(false)
})
