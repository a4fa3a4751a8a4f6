/** The program as its users start it: verdict and evidence on stdout, one line for what is wrong, the exit code. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'

const program = fileURLToPath(new URL('./checker.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'synod-checker-'))
afterAll(() => rmSync(folder, { recursive: true }))

function write(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

function checker(...args: string[]) {
  const node = ['--conditions=source', '--import', 'tsx', program, ...args]
  const { status, stdout, stderr } = spawnSync(process.execPath, node, { encoding: 'utf8', timeout: 50_000 })
  return { status, stdout: stdout.trimEnd().split('\n'), stderr: stderr.trimEnd().split('\n') }
}

const synod = (rows: object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('')
const read = (output: string | null) => ({ process: 1, key: 'k', op: 'get', output, call: 0, return: 1, outcome: 'ok' })
const appends = Array.from(
  { length: 40 },
  (_, i) => `{:process ${i}, :type :invoke, :f :append, :key "k", :value "<${i}>"}\n`,
)
const appended = appends.map((line) => line.replace(':invoke', ':ok'))
const parts = Array.from({ length: 40 }, (_, i) => `<${i === 7 ? 31 : i}>`).join('')
const get = `{:process 0, :type :invoke, :f :get, :key "k", :value nil}\n{:process 0, :type :ok, :f :get, :key "k", :value "${parts}"}\n`

describe('checker', () => {
  test('linearizable is 0, with nil or the given value at first', () => {
    const nil = write('nil.jsonl', synod([read(null)]))
    expect(checker('-log', nil, '-model', 'kv', '-format', 'synod')).toMatchObject({
      status: 0,
      stdout: ['linearizable', expect.anything()],
    })
    expect(checker('-log', nil, '-model=register', '-format=synod', '-init=5').status).toBe(3)
    expect(
      checker('-log', write('5.jsonl', synod([read('5')])), '-model', 'register', '-format', 'synod', '-init', '5')
        .status,
    ).toBe(0)
  })

  test('an empty history is linearizable, and it says that nothing was checked', () => {
    const empty = write('empty.jsonl', '')
    expect(checker('-log', empty, '-model', 'kv', '-format', 'synod')).toMatchObject({
      status: 0,
      stdout: ['linearizable', 'no operations: nothing was checked'],
    })
  })

  test('takes where a log would go, as all programs do, and writes none', () => {
    const empty = write('unlogged.jsonl', '')
    const logs = join(folder, 'logs')
    const words = ['-log', empty, '-model', 'kv', '-format', 'synod', '-log_dir', logs, '-log_level', 'error']
    expect(checker(...words)).toMatchObject({ status: 0, stderr: [''] })
    expect(existsSync(logs)).toBe(false)
  })

  test('knossos starts from 0 unless told otherwise, also by nil', () => {
    const log = write('a.edn', '[{:process 1, :type :invoke, :f :read}{:process 1, :type :ok, :f :read, :value 0}]')
    expect(checker('-log', log, '-model', 'cas-register', '-format', 'knossos').status).toBe(0)
    const wrong = checker('-log', log, '-model', 'cas-register', '-format', 'knossos', '-init', 'nil')
    expect(wrong).toMatchObject({
      status: 3,
      stdout: ['not linearizable', expect.stringContaining('get -> 0'), expect.anything()],
    })
  })

  test('unknown is 4, never linearizable', () => {
    const log = write('hard.txt', [...appends, ...appended, get].join(''))
    const { status, stdout } = checker('-log', log, '-model', 'kv', '-format', 'porcupine-kv', '-timeout', '0.2')
    expect({ status, first: stdout[0] }).toEqual({ status: 4, first: 'unknown' })
  })

  test('-json prints the verdict as one object', () => {
    const { status, stdout } = checker(
      '-json',
      '-log',
      write('j.jsonl', synod([read('x')])),
      '-model',
      'kv',
      '-format',
      'synod',
    )
    expect(status).toBe(3)
    expect(JSON.parse(stdout.join(''))).toMatchObject({
      verdict: 'not linearizable',
      key: 'k',
      operation: { output: 'x' },
      order: [],
    })
  })

  test.each([
    [1, 'torn.jsonl:2: not JSON', ['-log', 'torn.jsonl', '-model', 'kv', '-format', 'synod']],
    [1, 'missing.jsonl', ['-log', 'missing.jsonl', '-model', 'kv', '-format', 'synod']],
    [2, '-log', ['-model', 'kv', '-format', 'synod']],
    [2, '-format', ['-log', 'torn.jsonl', '-model', 'kv']],
    [2, '-model', ['-log', 'torn.jsonl', '-model', 'queue', '-format', 'synod']],
    [2, '-init', ['-log', 'torn.jsonl', '-model', 'register', '-format', 'jepsen', '-init', 'x']],
    [2, '-timeout', ['-log', 'torn.jsonl', '-model', 'kv', '-format', 'synod', '-timeout', '0']],
    [2, 'has no such operation', ['-log', 'cas.log', '-model', 'register', '-format', 'jepsen']],
  ])('exit %i and one line that names %s', (status, text, args) => {
    write('torn.jsonl', `${synod([read(null)])}{"process":`)
    write('cas.log', 'INFO  jepsen.util - 1 :invoke :cas [1 2]\n')
    const result = checker(...args.map((arg) => (/\.(jsonl|log)$/.test(arg) ? join(folder, arg) : arg)))
    expect(result).toMatchObject({ status, stdout: [''], stderr: [expect.stringContaining(text)] })
  })
})
