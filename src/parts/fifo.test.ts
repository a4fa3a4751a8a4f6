/** The queue against a plain array, also beyond the length where it compacts itself. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Fifo } from './fifo.ts'

it('gives what an array would, in any order of pushes and shifts', () => {
  const runs = fc.array(fc.record({ push: fc.nat(1500), shift: fc.nat(2500) }), { maxLength: 12 })
  fc.assert(
    fc.property(runs, (steps) => {
      const fifo = new Fifo<number>()
      const model: number[] = []
      let next = 0
      for (const { push, shift } of steps) {
        for (let i = 0; i < push; i++) {
          model.push(next)
          fifo.push(next++)
        }
        for (let i = 0; i < shift; i++) {
          if (fifo.peek() !== model[0]) throw new Error(`peek gives ${fifo.peek()}, not ${model[0]}`)
          const expected = model.shift()
          const taken = fifo.shift()
          if (taken !== expected) throw new Error(`shift gives ${taken}, not ${expected}`)
        }
        expect(fifo.size).toBe(model.length)
      }
    }),
    { numRuns: 60 },
  )
})

it('gives undefined when it is empty, before and after use', () => {
  const fifo = new Fifo<string>()
  expect([fifo.shift(), fifo.peek(), fifo.size]).toEqual([undefined, undefined, 0])
  fifo.push('a')
  expect([fifo.peek(), fifo.shift(), fifo.shift(), fifo.peek(), fifo.size]).toEqual(['a', 'a', undefined, undefined, 0])
})

it('keeps its order while it never runs empty', () => {
  const fifo = new Fifo<number>()
  fifo.push(0)
  for (let next = 1; next <= 10_000; next++) {
    fifo.push(next)
    expect(fifo.shift()).toBe(next - 1)
    expect(fifo.size).toBe(1)
  }
})
