/** The codec: what goes in comes out, and what no node of ours sent is refused with `malformed`, never otherwise. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SynodError } from '../errors.ts'
import { type Codec, codecOf, fingerprint } from './compile.ts'
import {
  bool,
  bytes,
  type Field,
  float64,
  list,
  message,
  nested,
  record,
  string,
  struct,
  uint32,
  uint53,
} from './schema.ts'

class Inner extends struct({ slot: uint53, key: string, data: bytes }) {}
class Outer extends struct({ inners: list(Inner), one: nested(Inner), on: bool }) {}
class Everything extends message({
  small: uint32,
  large: uint53,
  real: float64,
  on: bool,
  text: string,
  data: bytes,
  inner: nested(Inner),
  outers: list(Outer),
  smalls: list(uint32),
  larges: list(uint53),
  reals: list(float64),
  flags: list(bool),
  texts: list(string),
  datas: list(bytes),
}) {}

const MOST = Number.MAX_SAFE_INTEGER
const many = { size: 'max', maxLength: 40 } as const
const anyUint32 = fc.oneof(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.constantFrom(0, 127, 128, 2 ** 31, 2 ** 32 - 1))
const anyUint53 = fc.oneof(fc.nat(), fc.maxSafeNat(), fc.constantFrom(0, 2 ** 32, 2 ** 52, MOST))
const anyText = fc.string({ unit: 'binary', maxLength: 20 })
const anyBytes = fc.oneof(fc.uint8Array({ maxLength: 8 }), fc.uint8Array({ size: 'max', maxLength: 3000 }))
const anyInner = fc.record({ slot: anyUint53, key: anyText, data: anyBytes })
const anyOuter = fc.record({ inners: fc.array(anyInner, { maxLength: 4 }), one: anyInner, on: fc.boolean() })
const everything = fc.record({
  small: anyUint32,
  large: anyUint53,
  real: fc.double(),
  on: fc.boolean(),
  text: anyText,
  data: anyBytes,
  inner: anyInner,
  outers: fc.array(anyOuter, { maxLength: 4 }),
  smalls: fc.array(anyUint32, many),
  larges: fc.array(anyUint53, many),
  reals: fc.array(fc.double(), many),
  flags: fc.array(fc.boolean(), many),
  texts: fc.array(anyText, many),
  datas: fc.array(fc.uint8Array({ maxLength: 8 }), many),
})

/** Own plain fields only, bytes as plain arrays, so that views and prototypes do not count. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return { bytes: [...value] }
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plain(field)]))
}

function codeOf(codec: Codec, payload: Uint8Array | readonly number[]): string {
  try {
    codec.decode(payload instanceof Uint8Array ? payload : Uint8Array.from(payload))
    return 'decoded'
  } catch (error) {
    return error instanceof SynodError ? error.code : `not ours: ${String(error)}`
  }
}

const codec = codecOf(Everything)

describe('round trip', () => {
  it('gives back every value of every field type', () => {
    fc.assert(
      fc.property(everything, fc.nat(20), (values, header) => {
        const frame = codec.encode(values, header)
        expect(frame.subarray(0, header).every((byte) => byte === 0)).toBe(true)
        expect(plain(codec.decode(frame.subarray(header)))).toEqual(plain(values))
      }),
      { numRuns: 200 },
    )
  })

  it('gives back long lists and long values', () => {
    const larges = Array.from({ length: 100_000 }, (_, index) => index * 2 ** 33)
    const long = { text: 'é'.repeat(100_000), data: new Uint8Array(1_000_000).fill(7) }
    const values = { ...fc.sample(everything, { numRuns: 1, seed: 1 })[0]!, ...long, larges }
    expect(plain(codec.decode(codec.encode(values, 0)))).toEqual(plain(values))
  })

  it('keeps the empty lists of a decoded message when that is copied', () => {
    class Lists extends message({ items: list(Inner), numbers: list(uint32) }) {}
    const lists = codecOf(Lists)
    expect({ ...lists.decode(lists.encode({ items: [], numbers: [] }, 0)) }).toEqual({ items: [], numbers: [] })
  })

  it('decodes a message of no fields from no bytes', () => {
    class Nothing extends message({}) {}
    expect(codecOf(Nothing).encode({}, 0)).toHaveLength(0)
    expect(plain(codecOf(Nothing).decode(new Uint8Array(0)))).toEqual({})
  })

  it('encodes each time anew: an earlier frame is not touched', () => {
    class Small extends message({ n: uint53 }) {}
    const small = codecOf(Small)
    const first = small.encode({ n: 1 }, 2)
    const copy = first.slice()
    small.encode({ n: 2 }, 2)
    expect(first).toEqual(copy)
  })

  it('encodes well after an encoding that failed', () => {
    class Text extends message({ n: uint53, text: string }) {}
    const text = codecOf(Text)
    expect(() => text.encode({ n: 5, text: undefined as unknown as string }, 0)).toThrow()
    expect(plain(text.decode(text.encode({ n: 6, text: 'a' }, 0)))).toEqual({ n: 6, text: 'a' })
  })

  it('decodes bytes as views on the payload', () => {
    class Data extends message({ data: bytes }) {}
    const payload = codecOf(Data).encode({ data: Uint8Array.of(1, 2, 3) }, 0)
    const { data } = codecOf(Data).decode(payload)
    payload[payload.length - 1] = 9
    expect([...data]).toEqual([1, 2, 9])
  })

  it('tells records and messages of one name apart', () => {
    const A = (() => class Same extends message({ n: uint53 }) {})()
    const B = (() => class Same extends record({ text: string }) {})()
    expect(plain(codecOf(A).decode(codecOf(A).encode({ n: 1 }, 0)))).toEqual({ n: 1 })
    expect(plain(codecOf(B).decode(codecOf(B).encode({ text: 'x' }, 0)))).toEqual({ text: 'x' })
  })
})

describe('what is refused', () => {
  const sample = { small: 300, large: 2 ** 40, real: 0.5, on: true, text: 'text', data: Uint8Array.of(1, 2, 3) }
  class Scalars extends message({ small: uint32, large: uint53, real: float64, on: bool, text: string, data: bytes }) {}
  class Deep extends message({ outer: nested(Outer) }) {}
  const scalars = codecOf(Scalars)
  const deep = codecOf(Deep)
  const inner = { slot: 7, key: 'key', data: Uint8Array.of(1, 2) }

  it('every truncation of a message whose last field is required', () => {
    const payload = scalars.encode(sample, 0)
    for (let length = 0; length < payload.length; length++) {
      expect([length, codeOf(scalars, payload.subarray(0, length))]).toEqual([length, 'malformed'])
    }
    expect(codeOf(scalars, payload)).toBe('decoded')
  })

  it('every truncation of a nested message', () => {
    const payload = deep.encode({ outer: { inners: [inner, inner], one: inner, on: true } }, 0)
    for (let length = 0; length < payload.length; length++) {
      expect([length, codeOf(deep, payload.subarray(0, length))]).toEqual([length, 'malformed'])
    }
  })

  it('each missing field, alone', () => {
    const names = Object.keys(Scalars.fields)
    for (const missing of names) {
      // The same fields under the same numbers, but one of them a list without elements: nothing on the wire.
      const fields = Object.fromEntries(
        Object.entries<Field<unknown>>(Scalars.fields).map(([name, field]) => [
          name,
          name === missing ? list(field) : field,
        ]),
      )
      class Lacking extends message(fields) {}
      const payload = codecOf(Lacking).encode({ ...sample, [missing]: [] }, 0)
      expect([missing, codeOf(scalars, payload)]).toEqual([missing, 'malformed'])
    }
  })

  it.each([
    -1,
    -0.5,
    0.5,
    MOST + 1,
    -MOST,
    2 ** 60,
    1e300,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    5e-324,
  ])('%d as uint53: alone, in a list, in a struct, in a list of structs', (wrong) => {
    class Real extends message({ n: float64 }) {}
    class Whole extends message({ n: uint53 }) {}
    class Reals extends message({ n: list(float64) }) {}
    class Wholes extends message({ n: list(uint53) }) {}
    class RealPart extends struct({ n: float64 }) {}
    class WholePart extends struct({ n: uint53 }) {}
    class RealParts extends message({ one: nested(RealPart), many: list(RealPart) }) {}
    class WholeParts extends message({ one: nested(WholePart), many: list(WholePart) }) {}
    const good = { n: 1 }
    const cases: [Codec, Uint8Array][] = [
      [codecOf(Whole), codecOf(Real).encode({ n: wrong }, 0)],
      [codecOf(Wholes), codecOf(Reals).encode({ n: [1, 2, wrong] }, 0)],
      [codecOf(WholeParts), codecOf(RealParts).encode({ one: { n: wrong }, many: [good] }, 0)],
      [codecOf(WholeParts), codecOf(RealParts).encode({ one: good, many: [good, { n: wrong }] }, 0)],
    ]
    expect(cases.map(([codec, payload]) => codeOf(codec, payload))).toEqual(cases.map(() => 'malformed'))
  })

  it('names the class and the field of a wrong integer', () => {
    class Real extends message({ n: float64 }) {}
    class Whole extends message({ n: uint53 }) {}
    expect(() => codecOf(Whole).decode(codecOf(Real).encode({ n: -1 }, 0))).toThrow(/^Whole\.n: -1 is no integer/)
  })

  class U extends message({ u: uint32 }) {}
  const one = [0x08, 5]
  it.each([
    { name: 'wire type fixed64', payload: [0x09, 1, 2, 3, 4, 5, 6, 7, 8], code: 'malformed' },
    { name: 'wire type bytes', payload: [0x0a, 1, 65], code: 'malformed' },
    { name: 'wire type fixed32', payload: [0x0d, 1, 2, 3, 4], code: 'malformed' },
    { name: 'an end without a group', payload: [0x0c, ...one], code: 'malformed' },
    { name: 'wire type 6', payload: [0x0e, 1, ...one], code: 'malformed' },
    { name: 'wire type 7', payload: [0x0f, 1, ...one], code: 'malformed' },
    { name: 'field number 0', payload: [0x00, 1, ...one], code: 'malformed' },
    { name: 'a varint of eleven bytes', payload: [0x08, ...Array<number>(10).fill(0xff), 1], code: 'malformed' },
    { name: 'a varint that does not end', payload: [0x08, 0xff], code: 'malformed' },
    {
      name: 'an unknown field of 2^32 - 1 bytes',
      payload: [0x12, 0xff, 0xff, 0xff, 0xff, 0x0f, ...one],
      code: 'malformed',
    },
    {
      name: 'a hundred thousand groups within each other',
      payload: [...Array<number>(100_000).fill(0x13), ...one],
      code: 'malformed',
    },
    { name: 'an unknown varint', payload: [0x10, 1, ...one], code: 'decoded' },
    { name: 'unknown bytes', payload: [...one, 0x12, 2, 1, 2], code: 'decoded' },
    { name: 'an unknown group', payload: [0x13, 0x18, 1, 0x14, ...one], code: 'decoded' },
    { name: 'a field given twice', payload: [0x08, 6, ...one], code: 'decoded' },
  ])('$name: $code', ({ payload, code }) => {
    expect(codeOf(codecOf(U), payload)).toBe(code)
    if (code === 'decoded') expect(codecOf(U).decode(Uint8Array.from(payload)).u).toBe(5)
  })

  it('random bytes, and bytes with one flipped: decoded or malformed, nothing else', () => {
    const payload = fc.oneof(
      fc.uint8Array({ size: 'max', maxLength: 200 }),
      fc.tuple(everything, fc.nat(), fc.integer({ min: 1, max: 255 })).map(([values, at, flip]) => {
        const bytes = codec.encode(values, 0)
        bytes[at % bytes.length]! ^= flip
        return bytes
      }),
    )
    fc.assert(
      fc.property(payload, (bytes) => {
        expect(['decoded', 'malformed']).toContain(codeOf(codec, bytes))
      }),
      { numRuns: 2000 },
    )
  })

  it('whatever it decodes, its integers are integers', () => {
    class Wholes extends message({ n: uint53, more: list(uint53) }) {}
    const wholes = codecOf(Wholes)
    const double = fc.oneof(
      fc.double(),
      fc.maxSafeNat(),
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((bits) => {
        const view = new DataView(new ArrayBuffer(8))
        view.setBigUint64(0, bits)
        return view.getFloat64(0)
      }),
    )
    class Reals extends message({ n: float64, more: list(float64) }) {}
    fc.assert(
      fc.property(double, fc.array(double, { maxLength: 3 }), (n, more) => {
        const honest = [n, ...more].every((value) => Number.isSafeInteger(value) && value >= 0)
        expect(codeOf(wholes, codecOf(Reals).encode({ n, more }, 0))).toBe(honest ? 'decoded' : 'malformed')
      }),
    )
  })
})

describe('fingerprint', () => {
  const make = {
    base: () => [class A extends message({ n: uint53 }) {}],
    again: () => [class A extends message({ n: uint53 }) {}],
    otherName: () => [class B extends message({ n: uint53 }) {}],
    otherField: () => [class A extends message({ m: uint53 }) {}],
    otherType: () => [class A extends message({ n: float64 }) {}],
    asList: () => [class A extends message({ n: list(uint53) }) {}],
    oneMore: () => [class A extends message({ n: uint53 }) {}, class B extends message({}) {}],
    inside: () => {
      class S extends struct({ n: uint53 }) {}
      return [class A extends message({ n: nested(S) }) {}]
    },
    insideOther: () => {
      class S extends struct({ m: uint53 }) {}
      return [class A extends message({ n: nested(S) }) {}]
    },
  }

  it('is equal for equal declarations and differs for each change of them', () => {
    const { base, again, ...others } = make
    expect(fingerprint(base())).toBe(fingerprint(again()))
    const all = [base, ...Object.values(others)].map((classes) => fingerprint(classes()))
    expect(new Set(all).size).toBe(all.length)
    expect(all.every((text) => /^[0-9a-f]{8}$/.test(text))).toBe(true)
  })
})

describe('names', () => {
  it('a struct may have the name of the message that holds it', () => {
    const Part = (() => class Vote extends struct({ n: uint53 }) {})()
    const Whole = (() => class Vote extends message({ votes: list(Part) }) {})()
    expect(plain(codecOf(Whole).decode(codecOf(Whole).encode({ votes: [{ n: 1 }] }, 0)))).toEqual({ votes: [{ n: 1 }] })
  })

  it('two modules may use one name for different classes', () => {
    const One = (() => class Vote extends message({ n: uint53 }) {})()
    const Other = (() => class Vote extends message({ text: string }) {})()
    expect(plain(codecOf(One).decode(codecOf(One).encode({ n: 1 }, 0)))).toEqual({ n: 1 })
    expect(plain(codecOf(Other).decode(codecOf(Other).encode({ text: 'a' }, 0)))).toEqual({ text: 'a' })
  })
})
