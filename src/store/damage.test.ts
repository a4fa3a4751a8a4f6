/** Damaged, incomplete, mixed and forged snapshots: all refused, and the store as it was. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SynodError } from '../errors.ts'
import { crc32 } from './crc32.ts'
import { KeyValueStore } from './kv-store.ts'
import { PieceWriter, type SnapshotHead } from './piece.ts'

function bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text))
}

function sample(salt = ''): KeyValueStore {
  const store = new KeyValueStore({ multiversion: true })
  for (const text of ['a', 'bb', '']) for (const key of ['1', 'ключ', '__proto__']) store.set(key, bytes(text + salt))
  store.set('gone', bytes('x'))
  store.set('gone', null)
  return store
}

/** Fails unless `pieces` are refused as malformed by a store that is then as it was. */
function expectRefused(pieces: Iterable<Uint8Array>, label: string): void {
  const store = new KeyValueStore()
  store.set('mine', bytes('kept'))
  const hash = store.hash()
  let code: string | null = null
  try {
    store.restore(pieces)
  } catch (error) {
    if (!(error instanceof SynodError)) throw error
    code = error.code
  }
  if (code !== 'malformed') expect.fail(`${label}: ${code ?? 'accepted'}`)
  if (store.hash() !== hash || store.size !== 1 || store.get('mine').version !== 1) expect.fail(`${label}: changed`)
}

function replaced(pieces: readonly Uint8Array[], index: number, ...by: Uint8Array[]): Uint8Array[] {
  return pieces.toSpliced(index, 1, ...by)
}

/** Makes the checksum of an altered piece right again, as a liar would. */
function resealed(piece: Uint8Array): Uint8Array {
  const view = new DataView(piece.buffer, piece.byteOffset, piece.byteLength)
  view.setUint32(piece.length - 4, crc32(piece, 0, piece.length - 4), true)
  return piece
}

describe('restore refuses', () => {
  const pieces = [...sample().snapshot(90)]

  it('any flipped bit', () => {
    expect(pieces.length).toBeGreaterThan(4)
    pieces.forEach((piece, index) => {
      for (let bit = 0; bit < piece.length * 8; bit++) {
        const flipped = piece.slice()
        flipped[bit >>> 3]! ^= 1 << (bit & 7)
        expectRefused(replaced(pieces, index, flipped), `bit ${bit} of piece ${index}`)
      }
    })
  })

  it('any burst of damage', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 40 }), (pick, at, noise) => {
        const index = pick % pieces.length
        const damaged = pieces[index]!.slice()
        for (const [i, byte] of noise.entries()) damaged[(at + i) % damaged.length]! ^= byte
        fc.pre(Buffer.compare(damaged, pieces[index]!) !== 0)
        expectRefused(replaced(pieces, index, damaged), `noise at ${at} of piece ${index}`)
      }),
    )
  })

  it('any truncation or extension of a piece', () => {
    pieces.forEach((piece, index) => {
      for (let length = 0; length < piece.length; length++) {
        expectRefused(replaced(pieces, index, piece.slice(0, length)), `${length} bytes of piece ${index}`)
        expectRefused(replaced(pieces, index, piece.slice(piece.length - length)), `last ${length} of piece ${index}`)
      }
      expectRefused(replaced(pieces, index, Buffer.concat([piece, Buffer.alloc(1)])), `piece ${index} and a byte`)
    })
  })

  it('missing, repeated and exchanged pieces, and pieces of another snapshot', () => {
    const other = [...sample('!').snapshot(90)]
    expectRefused([], 'nothing')
    pieces.forEach((piece, index) => {
      expectRefused(replaced(pieces, index), `without piece ${index}`)
      expectRefused(pieces.slice(0, index), `the first ${index}`)
      expectRefused(replaced(pieces, index, piece, piece), `piece ${index} twice`)
      expectRefused(replaced(pieces, index, other[index]!), `piece ${index} of another snapshot`)
      if (index > 0)
        expectRefused(pieces.with(index - 1, piece).with(index, pieces[index - 1]!), `exchanged at ${index}`)
    })
    expectRefused([...pieces, ...pieces], 'twice')
  })

  it('bytes that are none of ours', () => {
    fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 80 })), (noise) => expectRefused(noise, 'noise')))
  })

  it('forged pieces that do not add up', () => {
    const store = new KeyValueStore()
    store.set('k', bytes('v'))
    const [true1] = [...store.snapshot()]
    const view = new DataView(true1!.buffer)
    const head: SnapshotHead = {
      histories: false,
      entries: 1,
      low: view.getInt32(13, true),
      high: view.getInt32(17, true),
    }
    const forge = (fill: (writer: PieceWriter) => void, change: Partial<SnapshotHead> = {}): Uint8Array[] => {
      const writer = new PieceWriter({ ...head, ...change }, 1 << 20)
      fill(writer)
      return [writer.finish(true)]
    }
    const honest = (writer: PieceWriter) => writer.entry('k', 1, 0, bytes('v'))
    const restored = new KeyValueStore()
    restored.restore(forge(honest))
    expect(restored.hash()).toBe(store.hash())

    expectRefused(forge(honest, { low: head.low + 1 }), 'another hash')
    expectRefused(forge(honest, { high: head.high ^ 1 }), 'another hash')
    expectRefused(forge(honest, { entries: 2 }), 'a key too few')
    expectRefused(
      forge(() => {}),
      'no key',
    )
    const twice = { low: (2 * head.low) | 0, high: (2 * head.high) | 0 }
    expectRefused(
      forge((writer) => honest(writer) && honest(writer), twice),
      'a key twice, hashed so',
    )
    const writer = new PieceWriter(head, 1 << 20)
    honest(writer)
    expectRefused([writer.finish(true), writer.finish(true)], 'a piece after the last')
    expectRefused(
      forge((writer) => honest(writer) && honest(writer)),
      'a key twice',
    )
    expectRefused(
      forge((writer) => writer.entry('k', 2, 0, bytes('v'))),
      'another version',
    )
    expectRefused(
      forge((writer) => writer.entry('k', 1, 1, bytes('v'))),
      'history announced, not given',
    )
    expectRefused(
      forge((writer) => honest(writer) && writer.history('k', bytes('v'))),
      'history not announced',
    )
    expectRefused(
      forge((writer) => writer.history('other', bytes('v'))),
      'history of nothing',
    )
    for (const version of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])
      expectRefused(
        forge((writer) => writer.entry('k', version, 0, bytes('v'))),
        `version ${version}`,
      )
  })

  it('or accepts nothing but the same hash, whatever a liar with right checksums alters', () => {
    const genuine = sample().hash()
    fc.assert(
      fc.property(
        fc.nat(),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 3 }),
        (pick, flips) => {
          const index = pick % pieces.length
          const altered = pieces[index]!.slice()
          for (const [at, mask] of flips) altered[21 + (at % (altered.length - 25))]! ^= mask
          const store = new KeyValueStore({ multiversion: true })
          try {
            store.restore(replaced(pieces, index, resealed(altered)))
            expect(store.hash()).toBe(genuine)
          } catch (error) {
            if (!(error instanceof SynodError) || error.code !== 'malformed') throw error
            expect([store.size, store.hash()]).toEqual([0, 0])
          }
        },
      ),
      { numRuns: 3000 },
    )
  })

  it('nothing when the source of the pieces fails: its error passes, the state stays', () => {
    const store = sample()
    const hash = store.hash()
    function* failing(): Generator<Uint8Array> {
      yield pieces[0]!
      throw new Error('connection lost')
    }
    expect(() => store.restore(failing())).toThrow('connection lost')
    expect(store.hash()).toBe(hash)
  })
})

describe('crc32', () => {
  it('has the standard check value', () => {
    expect(crc32(bytes('123456789'))).toBe(0xcbf43926)
    expect(crc32(bytes('x123456789y'), 1, 10)).toBe(0xcbf43926)
    expect(crc32(bytes(''))).toBe(0)
  })
})
