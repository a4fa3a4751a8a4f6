/** The formats: what they make of good lines, and which line they name in bad ones. */
import { describe, expect, test } from 'vitest'
import { FORMATS, type FormatName, formatSynod, type Operation } from '../index.ts'
import { parseEdn } from './edn.ts'

const base = {
  client: 1,
  key: '',
  op: 'get',
  input: null,
  output: undefined,
  call: 0,
  return: 1,
  outcome: 'ok',
} as const

const GOOD: readonly [FormatName, string, string, Partial<Operation>[]][] = [
  [
    'jepsen',
    'a read of nil',
    'INFO  jepsen.util - 1\t:invoke\t:read\tnil\nINFO  jepsen.util - 1\t:ok\t:read\tnil\n',
    [{ output: null }],
  ],
  [
    'jepsen',
    'a refused compare-and-set, which is an observation',
    'INFO  jepsen.util - 1 :invoke :cas [3 0]\r\nINFO  jepsen.util - 1 :fail :cas [3 0]\r\n',
    [{ op: 'cas', input: [3, 0], output: false }],
  ],
  [
    'jepsen',
    'a compare-and-set that failed by time-out, which is none',
    'INFO  jepsen.util - 1 :invoke :cas [3 0]\nINFO  jepsen.util - 1 :fail :cas :timed-out',
    [{ op: 'cas', input: [3, 0], outcome: 'failed' }],
  ],
  [
    'jepsen',
    'a write that timed out, a nemesis, a read without an end',
    'INFO  jepsen.util - 1 :invoke :write 4\nINFO  jepsen.util - :nemesis :info :start nil\nINFO  jepsen.util - 2 :invoke :read nil\nINFO  jepsen.util - 1 :info :write :timed-out',
    [
      { op: 'put', input: 4, return: Infinity, outcome: 'unknown' },
      { client: 2, call: 2, return: Infinity, outcome: 'unknown' },
    ],
  ],
  [
    'knossos',
    'a vector with a comment, a nemesis, and a read of nil, which tells nothing',
    '; first\n[{:process :nemesis, :type :info, :f :kill, :value nil}\n {:process 1 :type :invoke, :f :read, :value nil}\n{:process 1, :type :ok, :f :read, :value nil}]',
    [{ call: 1, return: 2 }],
  ],
  [
    'knossos',
    'a failed write with an error',
    '({:type :invoke, :process 1, :f :write, :value 3}{:type :fail, :process 1, :f :write, :value 3, :error [:busy "a \\"b\\""]})',
    [{ op: 'put', input: 3, outcome: 'failed' }],
  ],
  [
    'porcupine-kv',
    'an append, and a get without a value',
    '{:process 1, :type :invoke, :f :append, :key "4", :value "x 0 1 y"}\n{:process 1, :type :ok, :f :append, :key "4", :value "x 0 1 y"}\n{:process 1, :type :invoke, :f :get, :key "4", :value nil}\n{:process 1, :type :ok, :f :get, :key "4", :value nil}',
    [
      { key: '4', op: 'append', input: 'x 0 1 y' },
      { key: '4', output: '', call: 2, return: 3 },
    ],
  ],
  [
    'synod',
    'numbers as text, an open put, a failed get',
    '{"process":1,"key":7,"op":"get","input":null,"output":5,"call":0,"return":1,"outcome":"ok"}\n\n{"process":"a","key":"7","op":"put","input":"b","call":3,"return":null,"outcome":"unknown"}\n{"process":1,"key":"7","op":"get","output":null,"call":0,"return":1,"outcome":"failed"}',
    [
      { key: '7', output: '5' },
      { client: 'a', key: '7', op: 'put', input: 'b', call: 3, return: Infinity, outcome: 'unknown' },
      { key: '7', outcome: 'failed' },
    ],
  ],
]

const BAD: readonly [FormatName, string, string][] = [
  ['jepsen', 'INFO  jepsen.util - 1 :invoke :read nil\nhello', 'F:2: not an event'],
  ['jepsen', 'INFO  jepsen.util - 1 :ok :read nil', 'F:1: process 1 did not invoke :read'],
  [
    'jepsen',
    'INFO  jepsen.util - 1 :invoke :read nil\nINFO  jepsen.util - 1 :invoke :read nil',
    'F:2: process 1 is busy',
  ],
  ['jepsen', 'INFO  jepsen.util - 1 :invoke :cas 5', 'F:1: :cas of 5'],
  ['jepsen', 'INFO  jepsen.util - 1 :invoke :append 5', 'F:1: unknown operation'],
  ['jepsen', 'INFO  jepsen.util - 1 :invoke :read nil\nINFO  jepsen.util - 1 :ok :read x', 'F:2: :ok :read with x'],
  ['knossos', '[{:process 1, :type :invoke, :f :read}\n', 'F:1: "[" is never closed'],
  ['knossos', '[]\n]', 'F:2: "]" closes nothing'],
  ['knossos', '\n\n[7]', 'a history is made of maps'],
  ['knossos', '[{:process 1, :type :invoke, :f :read}\n{:process 1, :type :maybe, :f :read}]', 'F:2: unknown :type'],
  ['knossos', '[\n{:process 1, :type :invoke, :f :cas, :value 3}]', 'F:2: :cas without the value'],
  ['knossos', '[\n{:process 1, :type}]', 'F:2: a map needs keywords'],
  ['knossos', '\n"abc', 'F:2: a string that does not end'],
  ['knossos', '['.repeat(200), 'F:1: nested too deeply'],
  ['porcupine-kv', '\n{:process 1, :type :invoke, :f :put, :key "4", :value nil}', 'F:2: :put without a value'],
  ['porcupine-kv', '{:process 1, :type :invoke, :f :get, :key 4}', 'F:1: an event needs'],
  ['synod', '{}', 'F:1: bad or missing "process"'],
  ['synod', '\n{"process":1', 'F:2: not JSON'],
  ['synod', '[1]', 'F:1: bad or missing "process"'],
  ['synod', 'null', 'F:1: not an object'],
  ['synod', '{"process":1,"key":"k","op":"cas","call":0,"return":1,"outcome":"ok"}', 'F:1: bad or missing "op"'],
  ['synod', '{"process":1,"key":"k","op":"put","call":0,"return":1,"outcome":"ok"}', 'F:1: bad or missing "input"'],
  ['synod', '{"process":1,"key":"k","op":"get","call":0,"return":null,"outcome":"ok"}', 'F:1: bad or missing "return"'],
  ['synod', '{"process":1,"key":"k","op":"get","call":2,"return":1,"outcome":"ok"}', 'F:1: bad or missing "return"'],
  ['synod', '{"process":1,"key":"k","op":"get","call":0.5,"return":1,"outcome":"ok"}', 'F:1: bad or missing "call"'],
]

describe('formats', () => {
  test.each(GOOD)('%s: %s', (name, _, text, operations) => {
    expect(FORMATS[name].parse(text, 'F')).toEqual(operations.map((o) => ({ ...base, ...o })))
  })

  test.each(BAD)('%s: %j', (name, text, message) => {
    expect(() => FORMATS[name].parse(text, 'F')).toThrow(message)
  })

  test('EDN with all that it may hold', () => {
    expect(parseEdn('nil, true false -12 "a\\n;b" ; no\n ([] "two\nlines")', 'F')).toEqual([
      null,
      true,
      false,
      -12,
      'a\n;b',
      [[], 'two\nlines'],
    ])
  })

  test('a history written by Synod is read back', () => {
    const operations: Operation[] = [
      { ...base, key: 'k', output: 'x"\n' },
      { ...base, key: 'k', output: null },
      { ...base, client: 'c', key: 'é', op: 'put', input: '', return: Infinity, outcome: 'unknown' },
    ]
    expect(FORMATS.synod.parse([...formatSynod(operations)].join(''), 'F')).toEqual(operations)
  })
})
