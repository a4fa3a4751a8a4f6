/** A node on an older image of its disk must say that it has forgotten, for each image anew. */
import { expect, it } from 'vitest'
import { fresh } from './fresh.ts'
import { arena } from './testing/situation.ts'

it('fails where a node goes on with an older image of its disk', () => {
  const { processes, arena: seen } = arena()
  const invariant = fresh()
  const [process] = processes
  const say = (memory: string | null, outdated = false) => {
    Object.assign(process.node, { memory, freshness: { outdated } })
    return invariant.afterStep!(seen)
  }
  expect(say('kept')).toBeNull()
  Object.assign(process.disk, { outdated: true, generation: 1 })
  for (const memory of [null, 'lost', 'kept']) expect(say(memory)).toBeNull()
  Object.assign(process.disk, { generation: 2 })
  expect(say('kept', true)).toBeNull()
  expect(say('kept')).toBeNull()
  Object.assign(process.disk, { generation: 3 })
  expect(say(null)).toBeNull()
  expect(say('kept')).toBe('1.1 takes an older image of its disk for the newest')
  expect(say('blank')).toMatch(/older image/)
})

it('fails where a node takes the newest disk for an older image, but not where a memory was lost before', () => {
  const { processes, arena: seen } = arena()
  const [process] = processes
  Object.assign(process.node, { memory: 'lost', freshness: { outdated: true } })
  expect(fresh().afterStep!(seen)).toBe('1.1 takes the newest disk that it has had for an older image')
  Object.assign(process.disk, { generation: 2 })
  expect(fresh().afterStep!(seen)).toBeNull()
})
