/** Table tests of the JSON form: what it means, and all that is not it. */
import { expect, test } from 'vitest'
import { Op } from '../command.ts'
import { SynodError } from '../errors.ts'
import { parseJsonCommand } from './json-command.ts'

const parse = (text: string) => parseJsonCommand(Buffer.from(text, 'utf8'))

test('a write carries key, value and ids', () => {
  const { command, clientId, commandId } = parse('{"Key":1,"Value":"eHl6","ClientID":"1.1","CommandID":7}')
  expect({ ...command, value: Buffer.from(command.value).toString() }).toEqual({ op: Op.put, key: '1', value: 'xyz' })
  expect([clientId, commandId]).toEqual(['1.1', '7'])
})

test('no Value, or null, is a read; an empty Value is a write', () => {
  expect(parse('{"Key":1}').command.op).toBe(Op.get)
  expect(parse('{"Key":1,"Value":null}').command.op).toBe(Op.get)
  expect(parse('{"Key":1,"Value":""}').command).toMatchObject({ op: Op.put, value: Buffer.alloc(0) })
})

test('keys keep all their 64 bits', () => {
  for (const key of ['9007199254740993', '9223372036854775807', '-9223372036854775808', '0']) {
    expect(parse(` {"Key" : ${key}}\n`).command.key).toBe(key)
  }
})

test('a client id is echoed byte by byte', () => {
  expect(parse('{"Key":1,"ClientID":"é"}').clientId).toBe('Ã©')
})

const deep = 100_000
test.each([
  ['nothing', ''],
  ['no JSON', '{'],
  ['text after', '{"Key":1} x'],
  ['a trailing comma', '{"Key":1,}'],
  ['a byte order mark', '\ufeff{"Key":1}'],
  ['an array', '[1]'],
  ['null', 'null'],
  ['a number', '7'],
  ['no key', '{"Value":"eHl6"}'],
  ['a key that is a string', '{"Key":"1"}'],
  ['a key that is null', '{"Key":null}'],
  ['a fraction', '{"Key":1.0}'],
  ['an exponent', '{"Key":1e3}'],
  ['minus zero', '{"Key":-0}'],
  ['a leading zero', '{"Key":01}'],
  ['a key beyond 64 bits', '{"Key":9223372036854775808}'],
  ['two keys', '{"Key":1,"Key":2}'],
  ['a value that is a number', '{"Key":1,"Value":2}'],
  ['a value that is an object', '{"Key":1,"Value":{}}'],
  ['a value that is no base64', '{"Key":1,"Value":"eHl"}'],
  ['a value in the base64 of URLs', '{"Key":1,"Value":"-_-_"}'],
  ['a client id that is a number', '{"Key":1,"ClientID":1}'],
  ['a client id that splits headers', '{"Key":1,"ClientID":"a\\r\\nX: y"}'],
  ['a client id that is too long', `{"Key":1,"ClientID":"${'é'.repeat(129)}"}`],
  ['a command id that is a string', '{"Key":1,"CommandID":"7"}'],
  ['a negative command id', '{"Key":1,"CommandID":-7}'],
  ['a command id above 2^53', '{"Key":1,"CommandID":9007199254740993}'],
  ['a prototype', '{"Key":1,"__proto__":{"Value":"eHl6"}}'],
  ['an escaped prototype', '{"Key":1,"\\u005f_proto__":null}'],
  ['an unknown member', '{"Key":1,"Valeu":"eHl6"}'],
  ['a deep array', '['.repeat(deep) + ']'.repeat(deep)],
  ['a deep member', `{"Key":1,"Value":${'{"a":'.repeat(deep)}1${'}'.repeat(deep)}}`],
  ['an open deep array', '['.repeat(deep)],
])('%s is malformed', (_what, text) => {
  expect(() => parse(text)).toThrow(SynodError)
})

test('text that is no UTF-8 is malformed', () => {
  expect(() => parseJsonCommand(Buffer.from('{"Key":1,"ClientID":"\xff"}', 'latin1'))).toThrow('no JSON')
})
