/** The edit distance is compared with its definition by search, and the nearest word with examples. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { editDistance, nearest } from './nearest.ts'

test.each<[string, string, number]>([
  ['', '', 0],
  ['', 'abc', 3],
  ['address', 'adress', 1],
  ['heartbeat', 'heartbaet', 1],
  ['kitten', 'sitting', 3],
])('%s to %s takes %i edits', (a, b, edits) => {
  expect(editDistance(a, b)).toBe(edits)
  expect(editDistance(b, a)).toBe(edits)
})

test('zero means equal, no more edits than letters, and one edit changes the distance by one at most', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 6 })
  fc.assert(
    fc.property(word, word, (a, b) => {
      const distance = editDistance(a, b)
      expect(distance === 0).toBe(a === b)
      expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length))
      expect(Math.abs(editDistance(`${a}a`, b) - distance)).toBeLessThanOrEqual(1)
    }),
  )
})

test('nearest ignores case and gives the first of equals', () => {
  expect(nearest('ADRESS', ['http_address', 'address'])).toBe('address')
  expect(nearest('x', ['T', 'N'])).toBe('T')
  expect(nearest('x', [])).toBeUndefined()
})
