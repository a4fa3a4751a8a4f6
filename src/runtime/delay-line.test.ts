/** What goes in comes out in order, each after its delay, and no more waits than may. */
import { expect, test } from 'vitest'
import { HandClock } from '../../test/support/hand-clock.ts'
import { DelayLine } from './delay-line.ts'

function lineOf(maxBytes = 100) {
  const clock = new HandClock()
  const out: string[] = []
  const line = new DelayLine<string>(clock, maxBytes, (item) => out.push(`${item} at ${clock.time - 1000}`))
  return { clock, line, out }
}

test('each item is late by its delay, however many are under way', () => {
  const { clock, line, out } = lineOf()
  line.push('a', 1, 50)
  clock.pass(10)
  line.push('b', 1, 50)
  line.push('c', 1, 50)
  expect(clock.alarms).toBe(1)
  clock.pass(39)
  expect(out).toEqual([])
  clock.pass(1)
  expect(out).toEqual(['a at 50'])
  clock.pass(100)
  expect(out).toEqual(['a at 50', 'b at 60', 'c at 60'])
  expect([line.size, clock.alarms]).toEqual([0, 0])
})

test('a shorter delay does not overtake', () => {
  const { clock, line, out } = lineOf()
  line.push('slow', 1, 50)
  line.push('fast', 1, 0)
  clock.pass(49)
  expect(out).toEqual([])
  clock.pass(1)
  expect(out).toEqual(['slow at 50', 'fast at 50'])
})

test('a timer that rings too early releases nothing too early', () => {
  const { clock, line, out } = lineOf()
  clock.setAlarm = (
    (set) => (delayMs: number, ring: () => void) =>
      set(Math.max(0.1, delayMs - 0.5), ring)
  )(clock.setAlarm.bind(clock))
  line.push('a', 1, 1)
  clock.pass(0.5)
  expect(out).toEqual([])
  clock.pass(10)
  expect(out.length).toBe(1)
})

test('what goes beyond the bound is lost, but a single item always passes', () => {
  const { clock, line, out } = lineOf(100)
  expect(line.push('large', 1000, 5)).toBe(true)
  expect(line.push('more', 1, 5)).toBe(false)
  clock.pass(5)
  expect([line.push('a', 60, 5), line.push('b', 40, 5), line.push('c', 1, 5)]).toEqual([true, true, false])
  clock.pass(5)
  expect(out).toEqual(['large at 5', 'a at 10', 'b at 10'])
})

test('a cleared line is empty and silent, and works again; also when a release clears it', () => {
  const { clock, line, out } = lineOf()
  line.push('a', 1, 50)
  line.clear()
  expect([line.size, clock.alarms]).toEqual([0, 0])
  line.push('b', 1, 5)
  clock.pass(100)
  expect(out).toEqual(['b at 5'])

  const seen: number[] = []
  const other: DelayLine<number> = new DelayLine<number>(clock, 100, (item) => {
    seen.push(item)
    other.clear()
    if (item === 1) other.push(3, 1, 1)
  })
  other.push(1, 1, 1)
  other.push(2, 1, 1)
  clock.pass(10)
  expect(seen).toEqual([1, 3])
})
