/** When questions are put again: never before an answer like the last one would have come. */
import { expect, it } from 'vitest'
import { Repeat } from './repeat.ts'

/** A question is put, and its answer comes after so many heartbeats; how often it was put again. */
function exchange(repeat: Repeat, heartbeats: number): number {
  repeat.ask()
  const again = Array.from({ length: heartbeats }, () => repeat.isDue()).filter((due) => due).length
  repeat.answered()
  return again
}

it('asks again each time that patience is over', () => {
  expect(exchange(new Repeat(3, 20), 10)).toBe(3)
})

it('waits twice as long as the last answer took, within bounds', () => {
  const repeat = new Repeat(3, 20)
  const taken = [2, 5, 9, 15, 0, 1].map((heartbeats) => [exchange(repeat, heartbeats), repeat.patience])
  expect(taken).toEqual([
    [0, 4],
    [1, 10],
    [0, 18],
    [0, 20],
    [0, 3],
    [0, 3],
  ])
})

it('soon asks once for each answer, however long a line takes that its copies stand in', () => {
  const repeat = new Repeat(2, 1000)
  const each = 25
  let copies = 0
  const again: number[] = []
  for (let question = 0; question < 8; question++) {
    copies = exchange(repeat, (copies + 1) * each)
    again.push(copies)
  }
  expect(again[0]).toBeGreaterThan(10)
  expect(again.slice(-3)).toEqual([0, 0, 0])
})
