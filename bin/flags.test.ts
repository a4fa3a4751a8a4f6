/** Table tests of flags in Go's style, their types, the help text, and the exit codes of `run` in real processes. */
import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { SynodError } from '../src/errors.ts'
import { COMMON, type Flags, HelpRequest, helpText, type Program, parseFlags } from './flags.ts'

const flags = {
  ...COMMON,
  read: { type: 'string', default: '', choices: ['', 'leader', 'quorum', 'any'], describe: 'how reads are served' },
  sim: { type: 'boolean', describe: 'all nodes in this process' },
  adaptive: { type: 'boolean', default: true, describe: 'move objects' },
  fz: { type: 'integer', default: 0, describe: 'zones that may fail' },
  threshold: { type: 'number', describe: 'of the policy' },
} as const satisfies Flags
const server = { name: 'server', usage: '-id 1.1 [flags]', flags } satisfies Program
const cmd = { ...server, name: 'cmd', positionals: true } satisfies Program

const DEFAULTS = {
  config: 'config.json',
  id: undefined,
  algorithm: 'paxos',
  transport: 'tcp',
  log_dir: '',
  log_level: 'info',
  master: '',
  read: '',
  sim: false,
  adaptive: true,
  fz: 0,
  threshold: undefined,
}

const words = (line: string) => (line === '' ? [] : line.split(' '))

describe('values', () => {
  test.each<[string, Partial<Record<keyof typeof DEFAULTS, unknown>>]>([
    ['', {}],
    ['-id 1.1', { id: '1.1' }],
    ['-id=1.1', { id: '1.1' }],
    ['--id 1.1', { id: '1.1' }],
    ['--id=1.1', { id: '1.1' }],
    ['-id 1.10', { id: '1.10' }],
    ['-id 1.1 -id 1.2', { id: '1.2' }],
    ['-id=1.1 --id 1.2 -id=1.3', { id: '1.3' }],
    ['-id=', { id: '' }],
    ['-id 007', { id: '007' }],
    ['-config=a=b.json', { config: 'a=b.json' }],
    ['-config -', { config: '-' }],
    ['-config="quoted"', { config: '"quoted"' }],
    ['-log_dir=-odd', { log_dir: '-odd' }],
    ['-algorithm ./my-protocol.js', { algorithm: './my-protocol.js' }],
    ['-sim', { sim: true }],
    ['--sim', { sim: true }],
    ['-sim=true', { sim: true }],
    ['-sim=false', { sim: false }],
    ['-sim false', { sim: false }],
    ['-sim true -id 1.1', { sim: true, id: '1.1' }],
    ['-sim -id 1.1', { sim: true, id: '1.1' }],
    ['-sim -sim=false', { sim: false }],
    ['-sim=1', { sim: true }],
    ['-sim=0', { sim: false }],
    ['-sim=T -adaptive=FALSE', { sim: true, adaptive: false }],
    ['-fz 1', { fz: 1 }],
    ['-fz -1', { fz: -1 }],
    ['-fz=-1', { fz: -1 }],
    ['-fz 1e3', { fz: 1000 }],
    ['-fz 1 -fz 2', { fz: 2 }],
    ['-threshold 0.5', { threshold: 0.5 }],
    ['-threshold -.5', { threshold: -0.5 }],
    ['-threshold 3', { threshold: 3 }],
    ['-transport udp', { transport: 'udp' }],
    ['-log_level=DEBUG', { log_level: 'debug' }],
    ['-read quorum', { read: 'quorum' }],
    ['-read=', { read: '' }],
  ])('%s', (line, changed) => {
    const parsed = parseFlags(server, words(line))
    expect(parsed.flags).toEqual({ ...DEFAULTS, ...changed })
    expect([...parsed.given].sort()).toEqual(Object.keys(changed).sort())
    expect(parsed.positionals).toEqual([])
  })

  test('values keep spaces, line breaks and what looks like nothing', () => {
    expect(parseFlags(server, ['-read', '', '-log_dir', 'a b\nc']).flags).toMatchObject({ read: '', log_dir: 'a b\nc' })
  })

  test('a given default is given', () => {
    expect(parseFlags(server, ['-config', 'config.json']).given.has('config')).toBe(true)
  })

  test('types follow the declaration', () => {
    const parsed = parseFlags(server, []).flags
    expectTypeOf(parsed.config).toEqualTypeOf<string>()
    expectTypeOf(parsed.id).toEqualTypeOf<string | undefined>()
    expectTypeOf(parsed.sim).toEqualTypeOf<boolean>()
    expectTypeOf(parsed.fz).toEqualTypeOf<number>()
    expectTypeOf(parsed.threshold).toEqualTypeOf<number | undefined>()
    expectTypeOf(parsed.transport).toEqualTypeOf<'tcp' | 'udp' | 'chan'>()
    expectTypeOf(parsed.read).toEqualTypeOf<'' | 'leader' | 'quorum' | 'any'>()
  })

  test('each flag declared by a program is typed where it is written', () => {
    const program = { name: 'x', usage: '', flags: { T: { type: 'number', default: 3, describe: 'seconds' } } } as const
    const { flags: own } = parseFlags(program, ['-T', '5'])
    expectTypeOf(own).toEqualTypeOf<{ readonly T: number }>()
    expect(own).toEqual({ T: 5 })
    const inline = parseFlags({ name: 'x', usage: '', flags: { S: { type: 'string', describe: 'seed' } } }, [])
    expectTypeOf(inline.flags.S).toEqualTypeOf<string | undefined>()
  })
})

describe('usage errors are one line that names the flag', () => {
  test.each<[string, string]>([
    ['-foo', 'unknown flag -foo; the nearest known flag is -fz'],
    ['-foo=1', 'unknown flag -foo; the nearest known flag is -fz'],
    ['-foo bar -id 1.1', 'unknown flag -foo; the nearest known flag is -fz'],
    ['--algoritm paxos', 'unknown flag -algoritm; the nearest known flag is -algorithm'],
    ['---id 1.1', 'unknown flag --id; the nearest known flag is -id'],
    ['-ID 1.1', 'unknown flag -ID; the nearest known flag is -id'],
    ['-id1.1', 'unknown flag -id1.1; the nearest known flag is -id'],
    ['--no-sim', 'unknown flag -no-sim; the nearest known flag is -sim'],
    ['-id.zone=1', 'unknown flag -id.zone; the nearest known flag is -id'],
    ['-logDir x', 'unknown flag -logDir; the nearest known flag is -log_dir'],
    ['-__proto__=x', 'unknown flag -__proto__; the nearest known flag is -config'],
    ['-constructor=3', 'unknown flag -constructor; the nearest known flag is -config'],
    ['-_ 5', 'unknown flag -_; the nearest known flag is -id'],
    ['-$0=5', 'unknown flag -$0; the nearest known flag is -id'],
    ['-5', 'unknown flag -5; the nearest known flag is -id'],
    ['-id', 'flag -id needs a value'],
    ['-id 1.1 -id', 'flag -id needs a value'],
    ['-id -sim', 'flag -id needs a value'],
    ['-id --', 'flag -id needs a value'],
    ['-fz', 'flag -fz needs a value'],
    ['-fz -x', 'flag -fz needs a value'],
    ['-fz=', 'flag -fz needs a whole number, not ""'],
    ['-fz abc', 'flag -fz needs a whole number, not "abc"'],
    ['-fz 1.5', 'flag -fz needs a whole number, not "1.5"'],
    ['-fz 1e99', 'flag -fz needs a whole number, not "1e99"'],
    ['-threshold NaN', 'flag -threshold needs a number, not "NaN"'],
    ['-threshold Infinity', 'flag -threshold needs a number, not "Infinity"'],
    ['-threshold 1e999', 'flag -threshold needs a number, not "1e999"'],
    ['-threshold 3s', 'flag -threshold needs a number, not "3s"'],
    ['-sim=maybe', 'flag -sim needs true or false, not "maybe"'],
    ['-sim=', 'flag -sim needs true or false, not ""'],
    ['-transport http', 'flag -transport needs one of tcp, udp, chan, not "http"'],
    ['-read follower', 'flag -read needs one of leader, quorum, any, not "follower"'],
    ['-log_level=all', 'flag -log_level needs one of debug, info, warning, error, not "all"'],
    ['1.1', 'unexpected argument "1.1"; flags start with a dash'],
    ['-sim maybe', 'unexpected argument "maybe"; flags start with a dash'],
    ['-id 1.1 start', 'unexpected argument "start"; flags start with a dash'],
    ['-', 'unexpected argument "-"; flags start with a dash'],
  ])('%s', (line, sentence) => {
    let thrown: unknown
    try {
      parseFlags(server, words(line))
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(SynodError)
    expect(thrown).toMatchObject({ code: 'usage', message: sentence })
  })
})

describe('words after the flags', () => {
  test.each<[string, string | undefined, string[]]>([
    ['get 1', undefined, ['get', '1']],
    ['put 1 -5', undefined, ['put', '1', '-5']],
    ['-id 1.1 put 1 -5', '1.1', ['put', '1', '-5']],
    ['-id=1.1 put 1 --x=y', '1.1', ['put', '1', '--x=y']],
    ['put 1 -id 2.2', undefined, ['put', '1', '-id', '2.2']],
    ['put 1 -help', undefined, ['put', '1', '-help']],
    ['crash 1.10 -1', undefined, ['crash', '1.10', '-1']],
    ['-sim put 007 1e3', undefined, ['put', '007', '1e3']],
    ['-id 1.1 -- -5 x', '1.1', ['-5', 'x']],
    ['put 1 -- 2', undefined, ['put', '1', '--', '2']],
    ['-', undefined, ['-']],
  ])('%s', (line, id, positionals) => {
    const parsed = parseFlags(cmd, words(line))
    expect(parsed.positionals).toEqual(positionals)
    expect(parsed.flags.id).toBe(id)
  })

  test('an empty word is a word', () => {
    expect(parseFlags(cmd, ['put', '1', '']).positionals).toEqual(['put', '1', ''])
  })
})

describe('help', () => {
  test.each(['-help', '--help', '-h', '-id 1.1 -help', '-h -foo'])('%s', (line) => {
    expect(() => parseFlags(server, words(line))).toThrow(HelpRequest)
  })

  test('lists every flag with one dash, its kind and default', () => {
    const text = helpText({ ...server, epilogue: 'Protocols: paxos\n' })
    expect(text).toMatch(/^Usage: server -id 1\.1 \[flags\]\n\nFlags:\n/)
    for (const name of Object.keys(flags)) expect(text).toMatch(new RegExp(`^ {2}-${name}( |$)`, 'm'))
    expect(text).toMatch(/^ {2}-config string +cluster file \(default config\.json\)$/m)
    expect(text).toMatch(/^ {2}-transport tcp\|udp\|chan +between/m)
    expect(text).toMatch(/^ {2}-adaptive +move objects \(default true\)$/m)
    expect(text).not.toContain('--')
    expect(text.endsWith('\n\nProtocols: paxos\n')).toBe(true)
  })
})

/** As an argument of `runProgram`: the reader of stdout leaves at the first output. */
const LEAVE_EARLY = 'leave-early'

/** As arguments of `runProgram`: stdout, or stderr, is a device on which there is no room. */
const FULL = { stdout: 'full-stdout', stderr: 'full-stderr' }
const DEVICE = '/dev/full'

/** Runs a main made of `body` in a process of its own. */
async function runProgram(body: string, ...argv: string[]) {
  const url = new URL('./flags.ts', import.meta.url).href
  const errors = new URL('../src/errors.ts', import.meta.url).href
  const source = `import { COMMON, parseFlags, run } from ${JSON.stringify(url)}
    import { SynodError } from ${JSON.stringify(errors)}
    const program = { name: 'server', usage: '', flags: COMMON }
    await run(async () => { ${body} })`
  const args = ['--import', 'tsx', '--input-type=module', '--eval', source, '--', ...argv]
  const full = argv.includes(FULL.stdout) || argv.includes(FULL.stderr) ? openSync(DEVICE, 'w') : null
  const outputs = [FULL.stdout, FULL.stderr].map((word) => (argv.includes(word) ? full : 'pipe'))
  const child = spawn(process.execPath, args, {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    stdio: ['pipe', ...outputs],
  })
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (data) => {
    stdout += data
    if (argv.includes(LEAVE_EARLY)) child.stdout?.destroy()
  })
  child.stderr?.on('data', (data) => (stderr += data))
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  if (full !== null) closeSync(full)
  return { code, stdout, stderr }
}

describe('run', () => {
  const PARSE = 'const { flags } = parseFlags(program, process.argv.slice(1)); console.log(flags.id)'

  test('0 when main returns nothing, its number when it returns one', async () => {
    expect(await runProgram(PARSE, '-id', '1.10')).toEqual({ code: 0, stdout: '1.10\n', stderr: '' })
    expect(await runProgram('return 3')).toEqual({ code: 3, stdout: '', stderr: '' })
  })

  test('-help is on stdout with 0', async () => {
    const { code, stdout, stderr } = await runProgram(PARSE, '-help')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^Usage: server\n/)
  })

  test.each<[string, number, string]>([
    [`throw new SynodError('usage', 'a flag\\nis wrong')`, 2, 'a flag is wrong\n'],
    [`throw new SynodError('config', 'config.json: a')`, 2, 'config.json: a\n'],
    [`throw new SynodError('unavailable', 'no leader')`, 1, 'no leader\n'],
    [`throw 'a string'`, 1, 'a string\n'],
  ])('%s', async (body, code, stderr) => {
    expect(await runProgram(body)).toEqual({ code, stdout: '', stderr })
  })

  test('a taken port is one line with 1, and what is open does not keep the program alive', async () => {
    const body = `const { createServer } = await import('node:net')
      const first = createServer().listen(0, '127.0.0.1')
      await new Promise((resolve) => first.once('listening', resolve))
      const second = createServer()
      await new Promise((_, reject) => second.once('error', reject).listen(first.address().port, '127.0.0.1'))`
    const { code, stdout, stderr } = await runProgram(body)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^listen EADDRINUSE: address already in use 127\.0\.0\.1:[0-9]+\n$/)
  })

  test('a reader that leaves early is no failure', async () => {
    const body = `const write = (text) => new Promise((resolve) => process.stdout.write(text, resolve))
      while (!(await write('x'.repeat(1e5)))) continue
      return 3`
    const { code, stderr } = await runProgram(body, LEAVE_EARLY)
    expect({ code, stderr }).toEqual({ code: 3, stderr: '' })
  })

  describe.skipIf(!existsSync(DEVICE))('output for which there is no room (skipped without /dev/full)', () => {
    const TWICE = `process.stdout.write('a'); await new Promise(setImmediate); process.stdout.write('b')`
    const stderr = 'stdout: ENOSPC: no space left on device, write\n'

    test.each([
      ['is a failure, told once', TWICE, 1],
      ['is one also where the program ends at once', `${TWICE}; setImmediate(() => process.exit(0))`, 1],
      ['does not hide how the program has failed', `${TWICE}; return 3`, 3],
    ])('%s', async (_what, body, code) => {
      expect(await runProgram(body, FULL.stdout)).toEqual({ code, stdout: '', stderr })
    })

    test('of -help', async () => {
      expect(await runProgram(PARSE, '-help', FULL.stdout)).toMatchObject({ code: 1, stderr })
    })

    test('on stderr changes nothing else', async () => {
      const body = `process.stderr.write('a'); await new Promise(setImmediate); process.stdout.write('b'); return 3`
      expect(await runProgram(body, FULL.stderr)).toEqual({ code: 3, stdout: 'b', stderr: '' })
      expect(await runProgram(`throw new SynodError('usage', 'x')`, FULL.stderr)).toMatchObject({ code: 2 })
    })
  })

  test('only a defect shows its stack', async () => {
    const { code, stderr } = await runProgram(`throw new TypeError('x is not a function')`)
    expect(code).toBe(1)
    expect(stderr).toMatch(/^TypeError: x is not a function\n {4}at /)
  })
})
