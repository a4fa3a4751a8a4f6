/** What must not become of a write in a session, shown by stores and answers in which it has. */
import { expect, it } from 'vitest'
import { Cluster } from '../../node-id.ts'
import type { Result } from '../../request.ts'
import { KeyValueStore } from '../../store/kv-store.ts'
import type { Arena } from '../arena.ts'
import type { Acknowledged, Glimpse } from '../clients.ts'
import { exactlyOnce } from './exactly-once.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

/** An arena of two processes with stores and answers in the test's hands. */
function fake() {
  const { members } = new Cluster(['1.1', '1.2'])
  const stores = members.map(() => new KeyValueStore())
  const processes = members.map((id, index) => ({ id, node: {}, store: stores[index] }))
  const sessions = {
    answers: [] as { name: string; key: string; value: string | null; result: Result }[],
    refused: new Set<string>(),
    fault: null as string | null,
  }
  const told = { acknowledged: [] as Acknowledged[], glimpses: [] as Glimpse[] }
  const clients = { keys: new Set(['k']), sessions, ...told }
  const arena = { processes, clients, protocol: { sessions: 'log' } } as unknown as Arena
  const invariant = exactlyOnce()
  const look = () => invariant.afterStep!(arena)
  const answer = (name: string, value: string | null, version: number, effect: Result['effect'] = 'done') =>
    sessions.answers.push({ name, key: 'k', value, result: { value: null, version, effect } })
  return { stores: stores as [KeyValueStore, KeyValueStore], sessions, look, answer, arena, ...told }
}

it('writes that are executed once are fine, wherever they are seen, and retries with the same answer', () => {
  const { stores, look, answer } = fake()
  for (const store of stores) {
    store.set('k', bytes('x'))
    expect(look()).toBeNull()
    store.set('k', null)
    expect(look()).toBeNull()
  }
  answer('write 1', 'x', 1)
  answer('write 1', 'x', 1)
  answer('write 2', null, 2)
  expect(look()).toBeNull()
})

it('a write that comes back in a store is found', () => {
  const { stores, look } = fake()
  for (const text of ['x', 'y']) {
    stores[0].set('k', bytes(text))
    expect(look()).toBeNull()
  }
  stores[0].set('k', bytes('x'))
  expect(look()).toBe('1.1 has x as version 3 of key k: it was version 1 before, so it was written twice')
})

it('a write that another node executed elsewhere is found', () => {
  const { stores, look } = fake()
  stores[0].set('k', bytes('x'))
  expect(look()).toBeNull()
  stores[1].set('k', bytes('y'))
  expect(look()).toMatch(/1\.2 has y as version 1 of key k, others have x/)
})

it('an answer of another write is found', () => {
  const { stores, look, answer } = fake()
  stores[0].set('k', bytes('x'))
  expect(look()).toBeNull()
  answer('write 2', 'z', 1)
  expect(look()).toMatch(/the answer to write 2 has z as version 1 of key k, others have x/)
})

it('a second answer that differs is found', () => {
  const { look, answer } = fake()
  answer('write 1', null, 1, 'mismatch')
  expect(look()).toBeNull()
  answer('write 1', null, 2)
  expect(look()).toMatch(/write 1 was answered with mismatch 1 nothing, then with done 2 nothing/)
})

it('a write that was refused and is there is found, and what a client must not be told', () => {
  const { stores, sessions, look } = fake()
  sessions.refused.add('k=x')
  stores[1].set('k', bytes('x'))
  expect(look()).toBe('1.2 holds k=x, which was refused')
  const other = fake()
  other.sessions.fault = 'told nonsense'
  expect(other.look()).toBe('told nonsense')
})

it('a write that tells another value than it has replaced is found', () => {
  for (const [previous, fault] of [
    ['x', null],
    ['y', 'the answer to k=y has y as version 1 of key k, others have x'],
    [null, 'the answer to k=y has nothing as version 1 of key k, others have x'],
  ] as const) {
    const { stores, acknowledged, look } = fake()
    stores[0].set('k', bytes('x'))
    acknowledged.push(
      { key: 'k', version: 1, value: 'x', previous: null },
      { key: 'k', version: 2, value: 'y', previous },
    )
    expect(look()).toBe(fault)
  }
  const { acknowledged, look } = fake()
  acknowledged.push({ key: 'k', version: 1, value: 'x', previous: 'x' })
  expect(look()).toBe('the answer to k=x has x in key k, which nobody had written')
})

it('a read of any that knows less than the node asked, or another value, is found; a stale one is not', () => {
  for (const [version, value, fault] of [
    [2, 'y', null],
    [3, 'z', null],
    [1, 'x', 'a read of any has version 1 of key k, and the node asked had 2'],
    [0, null, 'a read of any has version 0 of key k, and the node asked had 2'],
    [2, 'x', 'a read of any has x as version 2 of key k, others have y'],
  ] as const) {
    const { acknowledged, glimpses, look } = fake()
    for (const [index, text] of ['x', 'y', 'z'].entries())
      acknowledged.push({ key: 'k', version: index + 1, value: text })
    glimpses.push({ key: 'k', version, value, least: 2 })
    expect(look()).toBe(fault)
  }
})

it('protocols without sessions are not looked at', () => {
  const { sessions, look, arena } = fake()
  sessions.fault = 'told nonsense'
  Object.assign(arena.protocol, { sessions: 'none' })
  expect(look()).toBeNull()
})
