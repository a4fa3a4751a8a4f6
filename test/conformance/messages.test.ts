/** The messages of all protocols and of the node itself: what is cut or altered on its way is refused, or a message. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as abd from '../../protocols/abd/messages.ts'
import * as paxos from '../../protocols/paxos/messages.ts'
import { codecOf } from '../../src/codec/compile.ts'
import type { Declared, Field } from '../../src/codec/schema.ts'
import { SynodError } from '../../src/errors.ts'
import * as node from '../../src/node-messages.ts'
import { fuzz, fuzzTimeoutMs } from '../support/fuzz.ts'

function isDeclared(value: unknown): value is Declared {
  return typeof value === 'function' && 'fields' in value
}

const CLASSES = [node, paxos, abd].flatMap((module) => Object.values(module).filter(isDeclared))

function anyOf({ wire, integer, struct, repeated }: Field<unknown>): fc.Arbitrary<unknown> {
  const one = (): fc.Arbitrary<unknown> => {
    if (struct) return valuesOf(struct)
    if (wire === 'double') return integer ? fc.maxSafeNat() : fc.double()
    if (wire === 'uint32') return fc.nat({ max: 2 ** 32 - 1 })
    if (wire === 'bool') return fc.boolean()
    return wire === 'string' ? fc.string({ unit: 'binary', maxLength: 12 }) : fc.uint8Array({ maxLength: 40 })
  }
  return repeated ? fc.array(one(), { maxLength: 4 }) : one()
}

function valuesOf({ fields }: Declared): fc.Arbitrary<Record<string, unknown>> {
  return fc.record(Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, anyOf(field)])))
}

/** Own plain fields only, bytes as arrays, so that views and prototypes do not count. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value]
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plain(field)]))
}

/** All byte strings in a message. */
function* bytesIn(value: unknown): Iterable<Uint8Array> {
  if (value instanceof Uint8Array) yield value
  else if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) yield* bytesIn(part)
}

/** The message in a payload, or null when it is refused as it should be. */
function decoded(declared: Declared, payload: Uint8Array): unknown {
  let message: unknown
  try {
    message = codecOf(declared).decode(payload)
  } catch (error) {
    if (error instanceof SynodError && error.code === 'malformed') return null
    throw error
  }
  let total = 0
  for (const view of bytesIn(message)) {
    total += view.length
    const start = view.byteOffset - payload.byteOffset
    const inside = view.length === 0 || (start >= 0 && start + view.length <= payload.length)
    expect(inside, 'bytes from beyond the payload').toBe(true)
  }
  expect(total).toBeLessThanOrEqual(payload.length)
  return message
}

test('there are messages', () => expect(CLASSES.length).toBeGreaterThan(15))

describe.each(CLASSES.map((declared) => [declared.name, declared] as const))('%s', (_name, declared) => {
  test(
    'comes back whole; cut, altered or followed by others it is refused or a message, whose bytes are its own',
    () => {
      const damage = fc.record({
        cut: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
        flips: fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), fc.nat(7)), {
          minLength: 1,
          maxLength: 3,
        }),
        tail: fc.uint8Array({ maxLength: 12 }),
      })
      fc.assert(
        fc.property(valuesOf(declared), damage, (values, { cut, flips, tail }) => {
          const payload = codecOf(declared).encode(values as never, 0)
          expect(plain(decoded(declared, payload))).toEqual(plain(values))
          decoded(declared, payload.slice(0, Math.floor(cut * payload.length)))
          const altered = payload.slice()
          for (const [share, bit] of flips) {
            const at = Math.floor(share * altered.length)
            if (at < altered.length) altered[at] = altered[at]! ^ (1 << bit)
          }
          decoded(declared, altered)
          decoded(declared, Uint8Array.of(...payload, ...tail))
          decoded(declared, tail)
        }),
        fuzz(60),
      )
    },
    fuzzTimeoutMs(60_000),
  )
})
