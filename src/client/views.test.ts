/** What a node says about itself, as it is read. */
import { expect, test } from 'vitest'
import { parseState } from './views.ts'

test.each([
  ['true', true],
  ['false', false],
  ['"true"', false],
  ['1', false],
  ['null', false],
])('a node that says ready: %s is %j', (said, ready) => {
  expect(parseState('1.1', Buffer.from(`{"hash":"0","ready":${said}}`)).ready).toBe(ready)
})

test('a node that does not say is not ready', () => {
  expect(parseState('1.1', Buffer.from('{"hash":"0"}')).ready).toBe(false)
})
