/** Each number is taken once, in any order within the window; the answer of a plain set is the measure. */
import { expect, test } from 'vitest'
import { Xoshiro } from '../parts/xoshiro.ts'
import { REPLAY_WINDOW, ReplayWindow } from './replay-window.ts'

test('in order, repeated, late, too late', () => {
  const window = new ReplayWindow()
  expect([0, 1, 1, 3, 2, 2, 3].map((number) => window.accept(number))).toEqual([
    false,
    true,
    false,
    true,
    true,
    false,
    false,
  ])
  expect(window.accept(REPLAY_WINDOW + 4)).toBe(true)
  expect([3, 4, 5].map((number) => window.accept(number))).toEqual([false, false, true])
  expect(window.accept(10 * REPLAY_WINDOW)).toBe(true)
  expect(window.accept(9 * REPLAY_WINDOW)).toBe(false)
  expect(window.accept(9 * REPLAY_WINDOW + 1)).toBe(true)
  expect(window.accept(2 ** 48 - 1)).toBe(true)
})

test('as a set would answer', () => {
  const random = new Xoshiro(3)
  const window = new ReplayWindow()
  const seen = new Set<number>()
  let highest = 0
  for (let i = 0; i < 50_000; i++) {
    const jump = random.below(100) === 0 ? 3000 : 40
    const number = Math.max(1, highest + random.below(jump) - random.below(REPLAY_WINDOW + 50))
    const fresh = !seen.has(number) && number > highest - REPLAY_WINDOW
    expect(window.accept(number), `${number} after ${highest}`).toBe(fresh)
    if (fresh) seen.add(number)
    highest = Math.max(highest, fresh ? number : 0)
  }
})
