/** Table tests of integer keys. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { keyOfTarget, parseKey } from './key.ts'

const MAX = 2n ** 63n - 1n
const MIN = -(2n ** 63n)

test('every 64-bit integer is a key, in its one canonical form', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: MIN, max: MAX }), (n) => {
      expect(parseKey(String(n))).toBe(String(n))
      expect(keyOfTarget(`/${n}`)).toBe(String(n))
    }),
  )
  for (const n of [MIN, -1n, 0n, 1n, 2n ** 53n + 1n, MAX]) expect(parseKey(String(n))).toBe(String(n))
})

test('integers beyond 64 bits are no keys', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n }), (n) => {
      expect(parseKey(String(MAX + n))).toBeNull()
      expect(keyOfTarget(`/${MIN - n}`)).toBeNull()
    }),
  )
})

test('other spellings of integers are no keys', () => {
  const wrong = [
    '',
    ' 1',
    '1 ',
    '1.5',
    '1e3',
    '0x10',
    '+1',
    '01',
    '-0',
    '-',
    '--1',
    '1_000',
    '٣',
    '1\n',
    '1%20',
    '__proto__',
  ]
  for (const text of wrong) {
    expect(parseKey(text), text).toBeNull()
    expect(keyOfTarget(`/${text}`), text).toBeNull()
  }
})

test('a target is a key with any query, and nothing else', () => {
  expect(keyOfTarget('/7?')).toBe('7')
  expect(keyOfTarget('/7?a=/8')).toBe('7')
  for (const target of ['7', '/7/', '/7#a', '//7', '/', 'http://x/7', '/7;a']) expect(keyOfTarget(target)).toBeNull()
})
