/** The key-value store against a plain model: commands, isolation of bytes, hash, and snapshots while writes go on. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Command, get, put } from '../command.ts'
import { SynodError } from '../errors.ts'
import { FrozenPieces } from './frozen.ts'
import { KeyValueStore } from './kv-store.ts'

interface Known {
  readonly value: readonly number[] | null
  readonly version: number
  readonly history: readonly (readonly number[])[]
}
/** The plain model: immutable states, so that a snapshot of it is a copy of the map. */
type Model = Map<string, Known>

const KEYS = [
  '__proto__',
  'constructor',
  'hasOwnProperty',
  '',
  '0',
  '-1',
  '42',
  '9223372036854775807',
  '-9223372036854775808',
  '9007199254740993',
  'é',
  'ключ',
  '\u{1F5DD}',
  'a\u0000b',
  'x'.repeat(300),
]
const key = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...KEYS) },
  fc.string({ unit: 'binary', maxLength: 12 }).filter((text) => text.isWellFormed()),
)
const value = fc.oneof(fc.uint8Array({ maxLength: 6 }), fc.uint8Array({ maxLength: 200 }))

function write(model: Model, name: string, bytes: Uint8Array | null, version?: number): void {
  const before = model.get(name) ?? { value: null, version: 0, history: [] }
  model.set(name, {
    value: bytes && [...bytes],
    version: version ?? before.version + 1,
    history: bytes ? [...before.history, [...bytes]] : before.history,
  })
}

/** Fails unless `store` holds exactly what `model` does. */
function expectState(store: KeyValueStore, model: Model): void {
  expect(store.size).toBe(model.size)
  for (const [name, known] of model) {
    const { value, version } = store.get(name)
    expect({ value: value && [...value], version }).toEqual({ value: known.value, version: known.version })
    const history = store.history(name)?.map((bytes) => [...bytes]) ?? null
    expect(history).toEqual(store.multiversion ? known.history : null)
  }
}

function restored(pieces: Iterable<Uint8Array>, multiversion: boolean): KeyValueStore {
  const store = new KeyValueStore({ multiversion })
  store.restore(pieces)
  return store
}

function bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text))
}

describe('commands', () => {
  it('give the previous value for a put and the value for a get, with the count of writes', () => {
    const store = new KeyValueStore()
    expect(store.execute(get('a'))).toEqual({ value: null, version: 0, effect: 'done' })
    expect(store.size).toBe(0)
    expect(store.execute(put('a', bytes('x')))).toEqual({ value: null, version: 1, effect: 'done' })
    expect(store.execute(put('a', bytes('')))).toEqual({ value: bytes('x'), version: 2, effect: 'done' })
    expect(store.execute(get('a'))).toEqual({ value: bytes(''), version: 2, effect: 'done' })
    expect(store.execute(put('a', bytes('yz')))).toEqual({ value: bytes(''), version: 3, effect: 'done' })
    expect(store.execute(get('a'))).toEqual({ value: bytes('yz'), version: 3, effect: 'done' })
  })

  it('say which key they touch and whether they read', () => {
    const store = new KeyValueStore()
    expect(store.keys(put('__proto__', bytes('x')))).toEqual(['__proto__'])
    expect([get('a'), put('a', bytes(''))].map((command) => store.isRead(command))).toEqual([true, false])
  })

  it('of an unknown kind read, and say so', () => {
    const store = new KeyValueStore()
    store.execute(put('a', bytes('x')))
    const hash = store.hash()
    const unknown = new Command({ op: 77, key: 'a', value: bytes('evil') })
    expect(store.isRead(unknown)).toBe(true)
    expect(store.execute(unknown)).toEqual({ value: bytes('x'), version: 1, effect: 'done' })
    expect(store.hash()).toBe(hash)
  })

  it('do what the model does, whatever the keys', () => {
    const operation = fc.record({
      key,
      value: fc.option(value),
      version: fc.option(fc.maxSafeNat(), { freq: 8 }),
      read: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.boolean(), fc.array(operation, { maxLength: 60, size: 'max' }), (multiversion, operations) => {
        const store = new KeyValueStore({ multiversion })
        const model: Model = new Map()
        for (const { key, read, value, version } of operations) {
          const before = model.get(key)?.value ?? null
          if (read) {
            const result = store.execute(get(key))
            expect(result.value && [...result.value]).toEqual(before)
            continue
          }
          const moved = version === Number.MAX_SAFE_INTEGER ? 0 : (version ?? undefined)
          write(model, key, value, moved)
          const result = value && moved === undefined ? store.execute(put(key, value)) : store.set(key, value, moved)
          expect(result.value && [...result.value]).toEqual(before)
          expect(result.version).toBe(model.get(key)?.version)
        }
        expectState(store, model)
      }),
    )
  })

  it('refuse versions that are none, and change nothing', () => {
    const store = new KeyValueStore()
    for (const version of [-1, 0.5, Number.NaN, 2 ** 53])
      expect(() => store.set('a', null, version)).toThrow(SynodError)
    expect(store.size).toBe(0)
    expect(store.hash()).toBe(0)
  })
})

describe('bytes', () => {
  it.each([false, true])('are the store’s own, in and out (multiversion %s)', (multiversion) => {
    const store = new KeyValueStore({ multiversion })
    const pool = Buffer.alloc(16, 1)
    const spoil = (result: { value: Uint8Array | null }) => result.value?.fill(9)
    store.execute(put('a', pool.subarray(4, 8)))
    store.set('b', pool.subarray(0, 4))
    pool.fill(7)
    for (let round = 0; round < 2; round++) {
      spoil(store.execute(get('a')))
      spoil(store.get('b'))
      expect([store.get('a').value, store.get('b').value]).toEqual([
        new Uint8Array(4).fill(1),
        new Uint8Array(4).fill(1),
      ])
    }
    const previous = store.execute(put('a', bytes('next'))).value
    store.execute(put('a', bytes('more')))
    expect(previous).toEqual(new Uint8Array(4).fill(1))
    spoil({ value: previous })
    const expected = multiversion ? [new Uint8Array(4).fill(1), bytes('next'), bytes('more')] : null
    expect(store.history('a')).toEqual(expected)
    expect(store.get('a').value).not.toBeInstanceOf(Buffer)
  })

  it('of a snapshot’s pieces may be reused once restored', () => {
    const store = new KeyValueStore({ multiversion: true })
    store.set('a', bytes('one'))
    store.set('a', bytes('two'))
    const pieces = [...store.snapshot()].map((piece) => Buffer.from(piece))
    const copy = restored(pieces, true)
    for (const piece of pieces) piece.fill(0)
    expect(copy.history('a')).toEqual([bytes('one'), bytes('two')])
    expect(copy.get('a')).toEqual({ value: bytes('two'), version: 2, effect: 'done' })
  })
})

describe('the hash', () => {
  it('is a safe integer that depends on the state, not on the way there', () => {
    const state = fc.uniqueArray(fc.tuple(key, value, fc.maxSafeNat()), {
      selector: ([name]) => name,
      maxLength: 20,
      size: 'max',
    })
    fc.assert(
      fc.property(state, fc.infiniteStream(fc.nat()), (entries, picks) => {
        const [one, other] = [new KeyValueStore(), new KeyValueStore({ multiversion: true })]
        for (const [name, bytes, version] of entries) one.set(name, bytes, version)
        const rest = [...entries]
        while (rest.length > 0) {
          const [[name, bytes, version] = ['', null, 0]] = rest.splice((picks.next().value as number) % rest.length, 1)
          other.set(name, new Uint8Array([1, 2, 3]))
          other.set(name, bytes, version)
        }
        expect(one.hash()).toBe(other.hash())
        expect(Number.isSafeInteger(one.hash())).toBe(true)
        expect(one.hash() >= 0).toBe(true)
      }),
    )
  })

  it('tells apart states that differ in one thing', () => {
    const hashes = new Map<number, string>()
    const see = (label: string, fill: (store: KeyValueStore) => void) => {
      const store = new KeyValueStore()
      fill(store)
      expect(hashes.get(store.hash()), label).toBeUndefined()
      hashes.set(store.hash(), label)
    }
    see('empty', () => {})
    const values = [
      null,
      ...['', '\0', '\0\0', '\0\0\0\0', '\0\0\0\0\0', 'a', 'ab', 'abcd', 'abcde', 'dcba'].map(bytes),
    ]
    for (const name of ['', 'a', 'b', 'ab', 'a\0', '__proto__', '1', '10', '-1'])
      for (const version of [0, 1, 2, 2 ** 31, 2 ** 32, 2 ** 32 + 1, 2 ** 53 - 1])
        for (const value of values) see(`${name}/${version}/${value}`, (store) => store.set(name, value, version))
    for (let i = 0; i < 50_000; i++) see(`int ${i}`, (store) => store.set(`key ${i}`, bytes('v'), 1))
    see('swapped', (store) => [store.set('a', bytes('b'), 3), store.set('b', bytes('a'), 3)])
    see('straight', (store) => [store.set('a', bytes('a'), 3), store.set('b', bytes('b'), 3)])
  })

  it('is well mixed: each of its bits is on for about half of all small states', () => {
    const counts = new Array<number>(53).fill(0)
    const states = 4000
    for (let i = 0; i < states; i++) {
      const store = new KeyValueStore()
      store.set(String(i % 200), new Uint8Array([i / 200]), 1)
      const hash = BigInt(store.hash())
      for (let bit = 0; bit < 53; bit++) counts[bit]! += Number((hash >> BigInt(bit)) & 1n)
    }
    for (const count of counts) expect(Math.abs(count - states / 2)).toBeLessThan(states * 0.05)
  })

  it('depends on key and value together, so that exchanged values show', () => {
    const differences = new Set<number>()
    const hashOf = (name: string, text: string) => {
      const store = new KeyValueStore()
      store.set(name, bytes(text))
      return store.hash()
    }
    for (let i = 0; i < 2000; i++) differences.add((hashOf(`key ${i}`, 'x') - hashOf(`key ${i}`, 'y')) | 0)
    expect(differences.size).toBe(2000)
  })

  it('returns to where it was with the state', () => {
    const store = new KeyValueStore()
    store.set('a', bytes('x'), 5)
    const hash = store.hash()
    store.set('a', bytes('y'))
    expect(store.hash()).not.toBe(hash)
    store.set('a', bytes('x'), 5)
    expect(store.hash()).toBe(hash)
  })
})

describe('snapshots', () => {
  type Step =
    | { do: 'write'; key: string; value: Uint8Array | null; version: number | null }
    | { do: 'begin'; size: number }
    | { do: 'take' | 'give up' | 'restore'; pick: number }
  const step: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constant('write' as const),
        key,
        value: fc.option(value, { freq: 6 }),
        version: fc.option(fc.nat(), { freq: 1 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('begin' as const), size: fc.constantFrom(1, 60, 200, 1000, 1 << 18) }),
    },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('take' as const), pick: fc.nat() }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constantFrom('give up' as const, 'restore' as const), pick: fc.nat() }),
    },
  )

  it.each([false, true])(
    'show the state at the call while writes, other snapshots and restores go on (multiversion %s)',
    (multiversion) => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
          const store = new KeyValueStore({ multiversion })
          let model: Model = new Map()
          const running: { pieces: IterableIterator<Uint8Array>; taken: Uint8Array[]; model: Model; hash: number }[] =
            []
          const finished: { taken: Uint8Array[]; model: Model; hash: number }[] = []
          const advance = (index: number) => {
            const snapshot = running[index]!
            const { done, value } = snapshot.pieces.next()
            if (!done) snapshot.taken.push(value)
            else finished.push(...running.splice(index, 1))
          }
          for (const s of steps) {
            if (s.do === 'write') {
              const version = s.version ?? undefined
              store.set(s.key, s.value, version)
              write(model, s.key, s.value, version)
            } else if (s.do === 'begin')
              running.push({ pieces: store.snapshot(s.size), taken: [], model: new Map(model), hash: store.hash() })
            else if (s.do === 'take' && running.length > 0) advance(s.pick % running.length)
            else if (s.do === 'give up' && running.length > 0)
              running.splice(s.pick % running.length, 1)[0]?.pieces.return?.()
            else if (s.do === 'restore' && finished.length > 0) {
              const from = finished[s.pick % finished.length]!
              store.restore(from.taken)
              model = new Map(from.model)
            }
          }
          while (running.length > 0) advance(0)
          expectState(store, model)
          for (const snapshot of finished) {
            const copy = restored(snapshot.taken, multiversion)
            expectState(copy, snapshot.model)
            expect(copy.hash()).toBe(snapshot.hash)
          }
        }),
        { numRuns: 300 },
      )
    },
  )

  it('of an empty store restore it', () => {
    const store = new KeyValueStore()
    store.set('a', bytes('x'))
    store.restore(new KeyValueStore().snapshot())
    expect([store.size, store.hash(), store.get('a').version]).toEqual([0, 0, 0])
  })

  it('can be restored into the store they are taken of', () => {
    const store = new KeyValueStore()
    for (let i = 0; i < 100; i++) store.set(String(i), bytes(`value ${i}`))
    const hash = store.hash()
    const pieces = store.snapshot(100)
    for (let i = 0; i < 100; i++) store.set(String(i), bytes('gone'))
    store.restore(pieces)
    expect(store.hash()).toBe(hash)
    expect(store.get('7')).toEqual({ value: bytes('value 7'), version: 1, effect: 'done' })
  })

  it('come in pieces of the size asked for, except for one long record', () => {
    const store = new KeyValueStore({ multiversion: true })
    for (let i = 0; i < 500; i++) store.set(String(i % 50), new Uint8Array(40).fill(i))
    store.set('long', new Uint8Array(5000).fill(3))
    const sizes = [...store.snapshot(1000)].map((piece) => piece.length)
    expect(sizes.filter((size) => size > 1000)).toHaveLength(2)
    expect(Math.max(...sizes)).toBeLessThan(5100)
    expect(sizes.filter((size) => size > 800).length).toBeGreaterThan(sizes.length * 0.8)
    expect([...store.snapshot()]).toHaveLength(1)
  })

  it('keep only what they still need, and nothing once exhausted or given up', () => {
    const store = new KeyValueStore()
    const writeAll = (text: string) => {
      for (let i = 0; i < 100; i++) store.set(String(i), bytes(text))
    }
    writeAll('first')
    const begin = (): FrozenPieces => {
      const pieces = store.snapshot(200)
      if (!(pieces instanceof FrozenPieces)) throw new Error('a snapshot is no FrozenPieces')
      return pieces
    }
    const left = begin()
    expect(left.saved.size).toBe(0)
    writeAll('second')
    writeAll('third')
    store.set('new', bytes('key'))
    expect(left.saved.size).toBe(100)
    left.next()
    expect(left.saved.size).toBe(100 - left.passed)
    expect(left.passed).toBeGreaterThan(0)
    const late = begin()
    late.next()
    writeAll('fourth')
    expect(late.saved.size).toBe(101 - 1 - late.passed)
    for (const _ of late) break
    expect(late.next().done).toBe(true)
    expect([...left]).not.toHaveLength(0)
    expect([...left]).toHaveLength(0)
    writeAll('fifth')
    expect([left.saved.size, late.saved.size]).toEqual([0, 0])
    const never = begin()
    never.return()
    writeAll('sixth')
    expect(never.saved.size).toBe(0)
  })

  it('carry histories only as the restoring store keeps them', () => {
    const store = new KeyValueStore({ multiversion: true })
    for (const text of ['a', 'b', 'c']) store.set('k', bytes(text))
    store.set('absent', bytes('x'))
    store.set('absent', null)
    const plain = restored(store.snapshot(), false)
    expect([plain.history('k'), plain.get('k').version, plain.hash()]).toEqual([null, 3, store.hash()])
    const late = restored(plain.snapshot(), true)
    expect([late.history('k'), late.history('absent'), late.history('never')]).toEqual([[bytes('c')], [], null])
    expect(restored(store.snapshot(1), true).history('k')).toEqual([bytes('a'), bytes('b'), bytes('c')])
  })
})
