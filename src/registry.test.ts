/** Numbers, handlers, and what must not be registered. */
import { describe, expect, it } from 'vitest'
import { message, record, struct, uint53 } from './codec/schema.ts'
import { SynodError } from './errors.ts'
import { PROTOCOL_NUMBERS, Registry } from './registry.ts'

class Zebra extends message({ n: uint53 }) {}
class apple extends message({}, { first: true }) {}
class Mango extends message({}) {}
class Part extends struct({ n: uint53 }) {}
class Noted extends record({ n: uint53 }) {}
const everything = { Zebra, apple, Mango, Part, Noted, helper: () => 1, LIMIT: 5, nothing: null }
const handlers = { onZebra() {}, onapple() {}, onMango() {}, recoverNoted() {} }

function codeOf(run: () => unknown): string {
  try {
    run()
    return 'nothing thrown'
  } catch (error) {
    return error instanceof SynodError ? `${error.code}: ${error.message}` : String(error)
  }
}

function registered(): Registry {
  const registry = new Registry()
  registry.add(everything, 'message', 'on', handlers, PROTOCOL_NUMBERS)
  return registry
}

describe('Registry', () => {
  it('numbers the classes of one kind in the order of their names, whatever the order of the module', () => {
    const registry = registered()
    const numbers = [Mango, Zebra, apple].map((declared) => registry.of(declared).number - PROTOCOL_NUMBERS)
    expect(numbers).toEqual([0, 1, 2])
    const other = new Registry()
    other.add({ Mango, apple, Zebra }, 'message', 'on', handlers, PROTOCOL_NUMBERS)
    expect([Mango, Zebra, apple].map((declared) => other.of(declared).number - PROTOCOL_NUMBERS)).toEqual(numbers)
  })

  it('finds by class and by number, and says what goes first', () => {
    const registry = registered()
    expect(registry.at(PROTOCOL_NUMBERS + 2)).toBe(registry.of(apple))
    expect(registry.of(apple)).toMatchObject({ name: 'apple', first: true, declared: apple })
    expect(registry.of(Zebra).first).toBe(false)
    expect([0, 15, PROTOCOL_NUMBERS + 3, 65_535, -1, 0.5].map((number) => registry.at(number))).toEqual(
      Array(6).fill(undefined),
    )
  })

  it('calls the handler with its object, the message and the sender', () => {
    const heard: unknown[] = []
    const object = {
      name: 'me',
      onZebra(m: Zebra, from: unknown) {
        heard.push(this.name, m.n, from)
      },
    }
    const registry = new Registry()
    registry.add({ Zebra }, 'message', 'on', object, 0)
    registry.of(Zebra).handle({ n: 4 }, 'you')
    expect(heard).toEqual(['me', 4, 'you'])
  })

  it('finds handlers on a prototype', () => {
    class Replica {
      onMango(): void {}
    }
    const registry = new Registry()
    registry.add({ Mango }, 'message', 'on', new Replica(), 0)
    expect(registry.of(Mango).number).toBe(0)
  })

  it.each([
    { name: 'no handler', given: {} },
    { name: 'a handler that is no function', given: { onZebra: 5 } },
    { name: 'a handler by another name', given: { onzebra() {}, recoverZebra() {} } },
  ])('refuses $name', ({ given }) => {
    const registry = new Registry()
    expect(codeOf(() => registry.add({ Zebra }, 'message', 'on', given, 0))).toBe(
      'internal: no onZebra for message Zebra',
    )
  })

  it('refuses a record without its recoverer', () => {
    const registry = new Registry()
    expect(codeOf(() => registry.add({ Noted }, 'record', 'recover', {}, 0))).toBe(
      'internal: no recoverNoted for record Noted',
    )
  })

  it('refuses a second registration at the same numbers', () => {
    const registry = registered()
    expect(codeOf(() => registry.add({ Zebra }, 'message', 'on', handlers, PROTOCOL_NUMBERS))).toBe(
      'internal: messages are registered twice',
    )
  })

  it('does not know a class that was not registered', () => {
    expect(codeOf(() => registered().of(Noted))).toBe('internal: Noted is not registered')
  })

  it('has a fingerprint of all that it knows', () => {
    expect(registered().fingerprint).toBe(registered().fingerprint)
    const fewer = new Registry()
    fewer.add({ Zebra, apple }, 'message', 'on', handlers, PROTOCOL_NUMBERS)
    expect(fewer.fingerprint).not.toBe(registered().fingerprint)
  })
})
