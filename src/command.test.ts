/** Commands: what they hold, and the keys that could not travel. */
import { describe, expect, it } from 'vitest'
import { codecOf } from './codec/compile.ts'
import {
  ABSENT,
  Command,
  callOf,
  compareAndSet,
  conditionOf,
  get,
  inSession,
  nonceOf,
  Op,
  openSession,
  put,
  remove,
} from './command.ts'

const KEYS = ['', '42', '-9223372036854775808', 'é', '\u{1f600}', '\u0000', '\ufffd']
const BROKEN = ['\ud800', 'a\udc00', '\udc00\ud800', '\u{1f600}\ud83d']

describe('commands', () => {
  it.each(KEYS)('keep key %j on their way', (key) => {
    const codec = codecOf(Command)
    for (const command of [get(key), put(key, Uint8Array.of(1, 0))]) {
      const { op, key: arrived, value } = codec.decode(codec.encode(command, 0))
      expect([op, arrived, [...value]]).toEqual([command.op, key, [...command.value]])
    }
  })

  it('a read has no value, and a write may have an empty one', () => {
    expect({ ...get('k') }).toEqual({ op: Op.get, key: 'k', value: new Uint8Array(0) })
    expect({ ...put('k', new Uint8Array(0)) }).toEqual({ op: Op.put, key: 'k', value: new Uint8Array(0) })
  })

  it.each(BROKEN)('refuse key %j, which UTF-8 cannot carry', (key) => {
    const none = new Uint8Array(0)
    for (const make of [() => get(key), () => put(key, none), () => remove(key), () => compareAndSet(key, 1, none)]) {
      expect(make).toThrow(expect.objectContaining({ code: 'malformed' }))
    }
  })
})

const PLACE = { session: { number: 7, nonce: 2 ** 32 - 1 }, sequence: 2 ** 53 - 1, acknowledged: 0 }

describe('commands that pack more than a value', () => {
  const codec = codecOf(Command)
  const travelled = (command: Command) => codec.decode(codec.encode(command, 0))

  it.each([
    [ABSENT, Uint8Array.of(1, 2)],
    [2 ** 53 - 1, new Uint8Array(0)],
  ])('keep the version %d and the value of a compare-and-set', (expected, value) => {
    const command = travelled(compareAndSet('k', expected, value))
    expect([command.op, command.key]).toEqual([Op.compareAndSet, 'k'])
    expect({ ...conditionOf(command) }).toEqual({ expected, value: expect.toSatisfy((v) => `${v}` === `${value}`) })
  })

  it('tell a compare-and-delete by its operation', () => {
    const command = compareAndSet('k', 3, null)
    expect([command.op, conditionOf(command)?.expected]).toEqual([Op.compareAndDelete, 3])
  })

  it.each([-1, 0.5, 2 ** 53, Number.NaN])('refuse the version %d', (expected) => {
    expect(() => compareAndSet('k', expected, null)).toThrow(expect.objectContaining({ code: 'malformed' }))
  })

  it('keep the random number of an opening', () => {
    expect(nonceOf(travelled(openSession(2 ** 32 - 1)))).toBe(2 ** 32 - 1)
  })

  it.each([put('k', Uint8Array.of(9)), remove('k'), compareAndSet('k', 4, Uint8Array.of(8))])(
    'keep place and write of a command in a session: op $op',
    (write) => {
      const call = callOf(travelled(inSession(PLACE, write)))!
      expect(call.place).toEqual(PLACE)
      expect([call.command.op, call.command.key, [...call.command.value]]).toEqual([
        write.op,
        write.key,
        [...write.value],
      ])
    },
  )

  it('are writes, where they stand in a session', () => {
    for (const command of [get('k'), openSession(1), inSession(PLACE, put('k', new Uint8Array(0)))])
      expect(() => inSession(PLACE, command)).toThrow(expect.objectContaining({ code: 'malformed' }))
  })

  it('are none when a peer has packed nonsense', () => {
    const value = Uint8Array.of(255, 1, 2)
    expect(callOf(new Command({ op: Op.inSession, key: 'k', value }))).toBeNull()
    expect(conditionOf(new Command({ op: Op.compareAndSet, key: 'k', value }))).toBeNull()
    expect(nonceOf(new Command({ op: Op.open, key: '', value }))).toBeNull()
  })
})
