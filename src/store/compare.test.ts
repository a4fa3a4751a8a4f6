/** Deletes and compare-and-set: what counts as a write, and that an old version never matches again. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ABSENT, Command, compareAndSet, get, Op, put, remove } from '../command.ts'
import { KeyValueStore } from './kv-store.ts'

const bytes = (text: string) => new Uint8Array(Buffer.from(text))

/** A store in which `k` has been written `count` times. */
function written(count: number): KeyValueStore {
  const store = new KeyValueStore()
  for (let i = 1; i <= count; i++) store.execute(put('k', bytes(`${i}`)))
  return store
}

describe('a delete', () => {
  it('gives the value that was there, and counts as a write', () => {
    const store = written(2)
    expect(store.execute(remove('k'))).toEqual({ value: bytes('2'), version: 3, effect: 'done' })
    expect(store.execute(get('k'))).toEqual({ value: null, version: 3, effect: 'done' })
    expect(store.execute(put('k', bytes('x')))).toEqual({ value: null, version: 4, effect: 'done' })
  })

  it('of what is absent changes nothing, and takes no room', () => {
    const store = written(1)
    expect(store.execute(remove('other'))).toEqual({ value: null, version: 0, effect: 'absent' })
    expect(store.size).toBe(1)
    store.execute(remove('k'))
    const hash = store.hash()
    expect(store.execute(remove('k'))).toEqual({ value: null, version: 2, effect: 'absent' })
    expect(store.hash()).toBe(hash)
  })
})

describe('compare-and-set', () => {
  it('writes where the version is the one expected, and tells what else it found', () => {
    const store = written(2)
    expect(store.execute(compareAndSet('k', 1, bytes('x')))).toEqual({
      value: bytes('2'),
      version: 2,
      effect: 'mismatch',
    })
    expect(store.execute(compareAndSet('k', 2, bytes('x')))).toEqual({ value: bytes('2'), version: 3, effect: 'done' })
    expect(store.execute(compareAndSet('k', 2, bytes('y'))).effect).toBe('mismatch')
    expect(store.execute(compareAndSet('k', 3, null))).toEqual({ value: bytes('x'), version: 4, effect: 'done' })
    expect(store.get('k').value).toBeNull()
  })

  it('expects absence of keys never written and of deleted ones alike', () => {
    const store = written(1)
    expect(store.execute(compareAndSet('k', ABSENT, bytes('x'))).effect).toBe('mismatch')
    store.execute(remove('k'))
    expect(store.execute(compareAndSet('k', ABSENT, bytes('x')))).toEqual({ value: null, version: 3, effect: 'done' })
    expect(store.execute(compareAndSet('new', ABSENT, bytes('x')))).toEqual({ value: null, version: 1, effect: 'done' })
  })

  it('matches no version of a deleted key, neither an old one nor the count that it left behind', () => {
    const store = written(2)
    store.execute(remove('k'))
    for (const version of [1, 2, 3]) {
      expect(store.execute(compareAndSet('k', version, bytes('x')))).toEqual({
        value: null,
        version: 3,
        effect: 'mismatch',
      })
    }
    store.execute(put('k', bytes('again')))
    for (const version of [1, 2, 3]) expect(store.execute(compareAndSet('k', version, null)).effect).toBe('mismatch')
    expect(store.execute(compareAndSet('k', 4, null)).effect).toBe('done')
  })

  it('that no node of ours has packed matches nothing, and throws nothing', () => {
    const store = written(1)
    for (const op of [Op.compareAndSet, Op.compareAndDelete]) {
      const nonsense = new Command({ op, key: 'k', value: Uint8Array.of(255) })
      expect(store.execute(nonsense).effect).toBe('mismatch')
    }
    expect(store.get('k')).toEqual({ value: bytes('1'), version: 1, effect: 'done' })
  })
})

it('no version of a key ever has two values, whatever is written, deleted and restored', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('put' as const), key: fc.constantFrom('a', 'b') }),
    fc.record({ do: fc.constant('delete' as const), key: fc.constantFrom('a', 'b') }),
    fc.record({ do: fc.constant('compare' as const), key: fc.constantFrom('a', 'b'), expected: fc.nat(6) }),
    fc.record({ do: fc.constant('move' as const) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let store = new KeyValueStore()
      const seen = new Map<string, string | null>()
      for (const [index, one] of steps.entries()) {
        if (one.do === 'move') {
          const pieces = [...store.snapshot(40)]
          store = new KeyValueStore()
          store.restore(pieces)
        } else if (one.do === 'put') store.execute(put(one.key, bytes(`${index}`)))
        else if (one.do === 'delete') store.execute(remove(one.key))
        else {
          const before = store.get(one.key)
          const { effect, version } = store.execute(compareAndSet(one.key, one.expected, bytes(`${index}`)))
          const matches = one.expected === (before.value === null ? ABSENT : before.version)
          expect([effect, version]).toEqual(matches ? ['done', before.version + 1] : ['mismatch', before.version])
        }
        for (const key of ['a', 'b']) {
          const { value, version } = store.get(key)
          const text = value && Buffer.from(value).toString()
          const name = `${key} ${version}`
          if (seen.has(name)) expect(text).toBe(seen.get(name))
          seen.set(name, text)
        }
      }
    }),
  )
})
