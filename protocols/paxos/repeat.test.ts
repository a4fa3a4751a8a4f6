/** When questions are put again: ever later in vain, and never before the last answer would have come. */
import { expect, it } from 'vitest'
import { Repeat } from './repeat.ts'

/** After how many heartbeats each of the next questions is put again. */
function pauses(repeat: Repeat, count: number): number[] {
  return Array.from({ length: count }, () => {
    let heartbeats = 1
    while (!repeat.isDue()) heartbeats += 1
    return heartbeats
  })
}

/** A question is put, and its answer comes after so many heartbeats. */
function exchange(repeat: Repeat, heartbeats: number): boolean {
  repeat.ask()
  const again = Array.from({ length: heartbeats }, () => repeat.isDue())
  repeat.answered()
  return again.includes(true)
}

it('asks again ever later, up to a bound', () => {
  expect(pauses(new Repeat(3, 20), 5)).toEqual([3, 6, 12, 20, 20])
})

it('waits twice as long as the last answer took, and never less than the least', () => {
  const repeat = new Repeat(3, 100)
  expect(exchange(repeat, 2)).toBe(false)
  expect(repeat.patience).toBe(4)
  expect(exchange(repeat, 3)).toBe(false)
  expect(exchange(repeat, 5)).toBe(false)
  expect(repeat.patience).toBe(10)
  expect(exchange(repeat, 0)).toBe(false)
  expect(repeat.patience).toBe(3)
})

it('keeps the longer time where the question was put twice: nobody knows which of the two was answered', () => {
  const repeat = new Repeat(3, 100)
  expect(exchange(repeat, 4)).toBe(true)
  expect(repeat.patience).toBe(6)
  expect(exchange(repeat, 5)).toBe(false)
  expect(repeat.patience).toBe(10)
})
