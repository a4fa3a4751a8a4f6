/** Commands: what they hold, and the keys that could not travel. */
import { describe, expect, it } from 'vitest'
import { codecOf } from './codec/compile.ts'
import { Command, get, Op, put } from './command.ts'

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
    for (const make of [() => get(key), () => put(key, new Uint8Array(0))]) {
      expect(make).toThrow(expect.objectContaining({ code: 'malformed' }))
    }
  })
})
