/** The formats: what they make of good lines, and which line they name in bad ones. */
import { describe, expect, test } from 'vitest'
import { FORMATS, type FormatName, formatSynod, type Operation } from '../index.ts'
import { Name, Opaque, parseEdn } from './edn.ts'

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
    'jepsen',
    'a nemesis without a value, and lines that are no events',
    'WARN  jepsen.core - up\nINFO  jepsen.util - :nemesis\t:info\t:start\t\nINFO  jepsen.util - 1 :invoke :read\n\tat clojure.core\nINFO  jepsen.util - 3 nodes\nINFO  jepsen.util - 1 :ok :read 7',
    [{ output: 7, call: 1, return: 2 }],
  ],
  [
    'jepsen',
    'a process that invokes again: what it asked before stays open',
    'INFO  jepsen.util - 1 :invoke :write 4\nINFO  jepsen.util - 1 :invoke :read nil\nINFO  jepsen.util - 1 :ok :read 3',
    [
      { op: 'put', input: 4, return: Infinity, outcome: 'unknown' },
      { output: 3, call: 1, return: 2 },
    ],
  ],
  [
    'jepsen',
    'integers that no number holds exactly',
    'INFO  jepsen.util - 1 :invoke :write 9007199254740993\nINFO  jepsen.util - 1 :ok :write 9007199254740993',
    [{ op: 'put', input: '9007199254740993' }],
  ],
  [
    'knossos',
    'a process that invokes again: what it asked before stays open',
    '{:process 1 :type :invoke :f :write :value 4}{:process 1 :type :invoke :f :read}{:process 1 :type :ok :f :read :value 3}',
    [
      { op: 'put', input: 4, return: Infinity, outcome: 'unknown' },
      { output: 3, call: 1, return: 2 },
    ],
  ],
  ...['#{:a}', '#{}', '#inst "2026-01-01"', '#a [1]', '\\}', '\\"', '{1 2, "a" {[3] #{4}}}', '#_ 1 2'].map(
    (value): (typeof GOOD)[number] => [
      'knossos',
      `${value} in a field that does not matter`,
      `[{:error ${value}, :process 1, :type :invoke, :f :read}{:process 1, :type :ok, :f :read, :value 2, :node ${value}}]`,
      [{ output: 2 }],
    ],
  ),
  [
    'knossos',
    'records, keys that are no keywords, and a value that is no integer',
    '#jepsen.history.Op{:process 1, 5 6, :type :invoke, :f :read} #_ {:process 1, :type :ok} #jepsen.history.Op{:process 1, :type :ok, :f :read, :value 1.5}',
    [{ output: 1.5 }],
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
  ['jepsen', '\nhello\nworld', 'F:2: no event of a Jepsen log'],
  ['jepsen', 'INFO  jepsen.util - 1 :invoke :read nil\nINFO  jepsen.util - 1 :ok', 'F:2: not a whole event'],
  ['jepsen', 'hello\nINFO  jepsen.util - 1', 'F:2: not a whole event'],
  ['jepsen', '2026 INFO  jepsen.util - 1 :invoke :read nil', 'F:1: not a whole event'],
  ['jepsen', 'INFO  jepsen.util - 1 :ok :read nil', 'F:1: process 1 did not invoke :read'],
  ['jepsen', 'INFO  jepsen.util - 1 :invoke :write', 'F:1: :write of no value'],
  ['jepsen', 'INFO  jepsen.util - 1 :invoke :cas 5', 'F:1: :cas of 5'],
  ['jepsen', 'INFO  jepsen.util - 1 :invoke :append 5', 'F:1: unknown operation'],
  ['jepsen', 'INFO  jepsen.util - 1 :invoke :read nil\nINFO  jepsen.util - 1 :ok :read x', 'F:2: :ok :read with x'],
  ['knossos', '[{:process 1, :type :invoke, :f :read}\n', 'F:1: "[" is never closed'],
  ['knossos', '[]\n]', 'F:2: "]" closes nothing'],
  ['knossos', '\n\n[7]', 'a history is made of maps'],
  ['knossos', '[{:process 1, :type :invoke, :f :read}\n{:process 1, :type :maybe, :f :read}]', 'F:2: unknown :type'],
  ['knossos', '[\n{:process 1, :type :invoke, :f :cas, :value 3}]', 'F:2: :cas without the value'],
  ['knossos', '[\n{:process 1, :type}]', 'F:2: a map needs a value for each key'],
  ['knossos', '[\n{:a #inst}]', 'F:2: "#inst" needs a value'],
  ['knossos', '[\n#_]', 'F:2: "#_" needs a value'],
  ['knossos', '[\n\\ ]', 'F:2: "\\" without a character'],
  ['knossos', '\n#{1 2', 'F:2: "#{" is never closed'],
  ['knossos', '{:process 1, :type :invoke, :f :write, :value #{3}}', 'F:1: :write without the value'],
  ['knossos', '{:process 1, :type :invoke, :f :cas, :value #{3 4}}', 'F:1: :cas without the value'],
  [
    'knossos',
    '{:process 1, :type :invoke, :f :read}\n{:process 1, :type :ok, :f :read, :value #{3}}',
    'F:2: :read of what is no value',
  ],
  ['knossos', '#_'.repeat(200), 'F:1: nested too deeply'],
  ['knossos', '#a '.repeat(200), 'F:1: nested too deeply'],
  ['knossos', '\n"abc', 'F:2: a string that does not end'],
  ['knossos', '['.repeat(200), 'F:1: nested too deeply'],
  ['porcupine-kv', '\n{:process 1, :type :invoke, :f :put, :key "4", :value nil}', 'F:2: :put without a value'],
  [
    'porcupine-kv',
    '{:process 1, :type :invoke, :f :get, :key "4"}\n{:process 1, :type :invoke, :f :get, :key "4"}',
    'F:2: process 1 is busy',
  ],
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

  test('EDN that no history needs', () => {
    const text = '#{1 #{2}} #inst "x" \\a \\] [1.5 -2e3M 7N 9007199254740993 +5 #_ [6] #_ #_ 1 2 ##NaN] 1/2'
    expect(parseEdn(text, 'F')).toEqual([
      new Opaque('#{'),
      new Opaque('#inst'),
      new Name('\\a'),
      new Name('\\]'),
      [1.5, -2000, 7, '9007199254740993', 5, new Name('##NaN')],
      new Name('1/2'),
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
