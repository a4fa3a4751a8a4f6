/** `cmd` as a shell: lines in a pipe, where nothing is adorned, and a terminal with history and completion. */
import { existsSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runProgram, startFile, temporaryDirectory, until } from '../support/processes.ts'
import { RealCluster } from './cluster.ts'

const THREE = ['1.1', '1.2', '1.3']
const CMD = new URL('../../bin/cmd', import.meta.url).pathname
/** Gives a program a terminal; a part of every Linux. */
const SCRIPT = '/usr/bin/script'

async function started(): Promise<RealCluster> {
  const cluster = await RealCluster.create(THREE, { fault_injection: true, multiversion: true })
  await cluster.startAll('-log_level', 'warning')
  return cluster
}

function shell(cluster: RealCluster, ...lines: readonly string[]) {
  return runProgram('cmd', ['-config', cluster.configFile, '-id', '1.1'], lines.map((line) => `${line}\n`).join(''))
}

test('in a pipe every command says what it did, and nothing else is printed', async () => {
  const cluster = await started()
  const { code, stdout, stderr } = await shell(
    cluster,
    'put 7 "two words"',
    '',
    'get 7',
    "put -9223372036854775808 'x'",
    'get -9223372036854775808',
    'put colour red',
    'get colour',
    'consensus 7',
    'state 1.2',
    'slow 1.1 1.2 1 600',
    'drop 1.2 1.1 600',
    'flaky 1.2 1.3 0 600',
    'partition 600 1.3',
    'crash 1.3 600',
    'heal 1.2 drop',
    'heal',
    'heal',
    'help',
    'exit',
    'get 1',
  )
  expect({ code, stderr }).toEqual({ code: 0, stderr: '3 nodes agree on a history of 1 value\n' })
  const answers = [
    /^wrote 9 bytes to key 7 by node 1\.\d( \(slot \d+, ballot [\d.]+\))?$/,
    /^two words$/,
    /^wrote 1 byte to key -9223372036854775808 by node 1\.\d/,
    /^x$/,
    /^wrote 3 bytes to key colour by node 1\.1 \(slot/,
    /^red$/,
    /^true$/,
    /^1\.2 paxos executed \d+ hash \w+ leader 1\.\d ready$/,
    /^what 1\.1 sends to 1\.2 leaves 1 ms later for 600 seconds$/,
    /^what 1\.2 sends to 1\.1 is lost for 600 seconds$/,
    /^each message from 1\.2 to 1\.3 is lost with chance 0 for 600 seconds$/,
    /^1\.3 cut off from 1\.1, 1\.2 for 600 seconds$/,
    /^1\.3 is down for 600 seconds$/,
    /^1\.2 healed: drop 1\.1, /,
  ]
  const lines = stdout.split('\n')
  for (const [index, form] of answers.entries()) expect(lines[index]).toMatch(form)
  const healed = lines.slice(answers.length).filter((line) => / healed: (slow|flaky|partition|crash)/.test(line))
  // The partition is known to all three.
  expect(healed).toHaveLength(6)
  const rest = lines.slice(answers.length + healed.length)
  expect(rest.slice(0, 2)).toEqual(['there was no fault to heal', 'Commands:'])
  expect(rest.at(-1)).toBe('')
  expect(stdout).not.toContain('synod')
  expect(stdout).not.toContain('\u001b')
})

test('with -json each command prints one object on a line, a wrong one, too, and nothing goes to stderr', async () => {
  const cluster = await RealCluster.create(['1.1'], { fault_injection: true })
  const flags = ['-config', cluster.configFile, '-json']
  const failed = await runProgram('cmd', [...flags, 'get', '7'])
  expect(failed).toMatchObject({ code: 1, stderr: '' })
  const error = expect.stringContaining('ECONNREFUSED') as string
  expect(JSON.parse(failed.stdout)).toEqual({ command: 'get', good: false, error })

  await cluster.startAll('-log_level', 'warning')
  const lines = ['put 7 "a b"', 'get 7', 'get 8', '', 'get 01', 'state', 'heal', 'consensus 7', 'exit', 'get 7']
  const { code, stdout, stderr } = await runProgram('cmd', flags, `${lines.join('\n')}\n`)
  expect([code, stderr]).toEqual([2, ''])
  const objects = stdout.split('\n').slice(0, -1)
  expect(objects.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { command: 'put', good: true, key: '7', node: '1.1', slot: expect.any(Number) as number },
    { command: 'get', good: true, key: '7', node: '1.1', value: 'a b' },
    { command: 'get', good: false, key: '8', value: null, note: 'key 8 is absent (or its value is empty)' },
    { command: 'get', good: false, error: expect.stringContaining('01') as string },
    { command: 'state', good: true, nodes: [{ node: '1.1', algorithm: 'paxos', leader: '1.1', ready: true }] },
    { command: 'heal', good: true, nodes: [{ node: '1.1', healed: [] }], text: 'there was no fault to heal' },
    { command: 'consensus', good: true, agreed: true, text: 'true' },
  ])

  const absent = await runProgram('cmd', [...flags, 'get', 'none'])
  expect([absent.code, absent.stderr, JSON.parse(absent.stdout)]).toMatchObject([1, '', { good: false, value: null }])
  const wrong = await runProgram('cmd', [...flags, 'got'])
  expect([wrong.code, wrong.stderr]).toEqual([2, ''])
  expect(JSON.parse(wrong.stdout)).toEqual({ command: 'got', good: false, error: 'unknown command "got"; try help' })
  expect(JSON.parse((await runProgram('cmd', ['-json', 'help'])).stdout)).toMatchObject({ command: 'help', good: true })
})

test.each([
  ['a master that is away', ['-master', '127.0.0.1:1'], 1, /^master 127\.0\.0\.1:1: .*ECONNREFUSED/],
  ['a bad master', ['-master', 'a b'], 2, /^-master a b: no address/],
  ['no configuration', ['-config', 'none.json'], 2, /^none\.json: there is no such file$/],
])(
  '%s is one line on stderr, with -json one object, and the exit code is the same',
  async (_what, flags, code, line) => {
    const text = await runProgram('cmd', [...flags, 'get', '7'])
    expect(text).toMatchObject({ code, stdout: '' })
    expect(text.stderr.replace(/\n$/, '')).toMatch(line)
    const error = text.stderr.trimEnd()
    for (const [words, input, command] of [
      [['get', '7'], '', 'get'],
      [[], 'get 7\n', ''],
    ] as const) {
      const json = await runProgram('cmd', [...flags, '-json', ...words], input)
      expect(json).toMatchObject({ code, stderr: '' })
      expect(json.stdout).toMatch(/^[^\n]+\n$/)
      expect(JSON.parse(json.stdout)).toEqual({ command, good: false, error })
    }
  },
)

test('with -json a wrong flag is one line on stderr all the same', async () => {
  const { code, stdout, stderr } = await runProgram('cmd', ['-json', '-jason', 'get', '7'])
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(/^unknown flag -jason; [^\n]+\n$/)
})

test('a chain is written at its first node and read at its last, and a name that means nothing is refused', async () => {
  const asked: string[] = []
  const ids = ['1.10', '1.2', '2.1']
  const servers = ids.map((id) =>
    createServer((request, response) => {
      asked.push(`${id} ${request.method} ${request.url}`)
      response.writeHead(200, { Cid: request.headers.cid }).end('x')
    }),
  )
  try {
    const address: Record<string, string> = {}
    const http: Record<string, string> = {}
    for (const [i, server] of servers.entries()) {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      address[ids[i]!] = `tcp://127.0.0.1:${i + 1}`
      http[ids[i]!] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    }
    const file = join(temporaryDirectory(), 'config.json')
    writeFileSync(file, JSON.stringify({ address, http_address: http }))
    const lines = 'put 1 x\nget 1\nput name x\nget name\n'
    const chain = await runProgram('cmd', ['-config', file, '-algorithm', 'Chain'], lines)
    expect(chain).toMatchObject({ code: 0, stderr: '' })
    expect(asked.splice(0)).toEqual(['1.2 PUT /1', '2.1 GET /1', '1.2 PUT /kv/name', '2.1 GET /kv/name'])
    const one = await runProgram('cmd', ['-config', file, '-algorithm', 'chain', '-id', '1.10'], lines)
    expect(one).toMatchObject({ code: 0, stderr: '' })
    expect(asked.splice(0)).toEqual(['1.10 PUT /1', '1.10 GET /1', '1.10 PUT /kv/name', '1.10 GET /kv/name'])
    for (const name of ['./echo.js', 'EPaxos']) {
      expect(await runProgram('cmd', ['-config', file, '-algorithm', name, 'get', '1'])).toMatchObject({ code: 0 })
    }
  } finally {
    for (const server of servers) server.close()
  }
})

test('a partition that a dead node does not hear of is said to hold at the others', async () => {
  const cluster = await RealCluster.create(THREE, { fault_injection: true })
  await cluster.startAll('-log_level', 'warning')
  cluster.program('1.3').signal('SIGKILL')
  await cluster.program('1.3').ended
  const cut = await runProgram('cmd', ['-config', cluster.configFile, 'partition', '600', '1.1'])
  expect([cut.code, cut.stdout]).toEqual([1, '1.1 cut off from 1.2, 1.3 for 600 seconds, by 1.1, 1.2\n'])
  expect(cut.stderr).toMatch(/^1\.3 could not be told: .*ECONNREFUSED[^\n]*\n$/)
  const { stdout } = await runProgram('cmd', ['-config', cluster.configFile, 'state', '1.2'])
  expect(stdout).toMatch(/^1\.2 fault: partition 1\.1/m)
  expect(await runProgram('cmd', ['-config', cluster.configFile, 'exit'])).toMatchObject({
    code: 0,
    stdout: '',
    stderr: '',
  })
})

test.each([
  ['an absent key', 'get 99', 1, 'key 99 is absent (or its value is empty)'],
  ['a key that is none', 'get 01', 2, '01'],
  ['a key beyond 64 bits', 'put 9223372036854775808 x', 2, '9223372036854775808'],
  ['an unknown command', 'remove 1', 2, 'unknown command "remove"; try help'],
  ['too few words', 'put 1', 2, 'usage: put KEY VALUE'],
  ['too many words', 'get 1 2', 2, 'usage: get KEY'],
  ['a flag behind the command', 'get 1 -foo', 2, 'usage: get KEY; unexpected -foo: flags stand before the command'],
  ['an open quote', 'put 1 "x', 2, 'a quote is not closed'],
  ['a node that there is not', 'crash 9.9 1', 2, 'no node 9.9; known are 1.1, 1.2, 1.3'],
  ['a time that is none', 'crash 1.1 soon', 2, '"soon" is no whole number of seconds with at most 9 digits'],
  ['a chance that is none', 'flaky 1.1 1.2 2 1', 2, '"2" is no chance from 0 to 1'],
  ['a link to itself', 'drop 1.1 1.1 1', 2, '1.1 sends to itself by no link'],
  ['a partition of all', 'partition 1 1.1 1.2 1.3', 2, 'a partition needs nodes on both sides'],
  ['a fault that there is not', 'heal 1.1 floods', 2, 'there is no fault floods'],
])('in a pipe %s is said in one line, and the lines behind it are done', async (_what, line, code, said) => {
  // No command here but the first reaches a node, and that finds nothing: one node will do.
  const cluster = await RealCluster.create(THREE.slice(0, line === 'get 99' ? 1 : 3))
  if (line === 'get 99') await cluster.startAll('-log_level', 'warning')
  const result = await shell(cluster, line, 'help')
  expect(result.code).toBe(code)
  expect(result.stderr).toContain(said)
  expect(result.stderr.trimEnd()).not.toContain('\n')
  expect(result.stdout).toMatch(/^Commands:\n/)
})

if (existsSync(SCRIPT)) {
  test('on a terminal it shows where it is, completes with tab, and has the last line again with the arrow', async () => {
    const cluster = await RealCluster.create(['1.1'])
    await cluster.startAll('-log_level', 'warning')
    const line = `${CMD} -config ${cluster.configFile} -id 1.1`
    const terminal = startFile(SCRIPT, ['-qefc', line, '/dev/null'], temporaryDirectory(), null)
    const shown = () => terminal.stdout
    const type = async (keys: string, awaited: () => boolean) => {
      terminal.write(keys)
      await until(`${JSON.stringify(keys)} has its effect`, awaited)
    }
    const times = (text: string) => shown().split(text).length - 1
    await until('the prompt', () => shown().includes('synod 1.1> '))
    await type('put 1 kept\r', () => times('wrote 4 bytes') === 1)
    await type('sta\t', () => shown().includes('state '))
    await type('1.\t', () => shown().slice(shown().lastIndexOf('state')).includes('1.1'))
    await type('\r', () => times('1.1 paxos executed') === 1)
    await type('\u001b[A\r', () => times('1.1 paxos executed') === 2)
    await type('\u001b[A\u001b[A\r', () => times('wrote 4 bytes') === 2)
    await type('get 01\r', () => shown().includes('01'))
    terminal.write('exit\r')
    expect((await terminal.ended).code).toBe(0)
  })

  test.each([
    ['^C', '\u0003', 130],
    ['^D', '\u0004', 0],
  ])('%s leaves the shell on a terminal', async (_what, key, code) => {
    const cluster = await RealCluster.create(['1.1'])
    const line = `${CMD} -config ${cluster.configFile} -id 1.1`
    const terminal = startFile(SCRIPT, ['-qefc', line, '/dev/null'], temporaryDirectory(), null)
    await until('the prompt', () => terminal.stdout.includes('synod 1.1> '))
    terminal.write(key)
    expect((await terminal.ended).code).toBe(code)
  })

  test.each([
    ['^D, once or twice, leaves it when all is done', ['get 6\r', '\u0004', '\u0004'], ['/5', '/6'], 0],
    ['exit leaves it before what follows', ['exit\r', 'get 6\r', '\u0004'], ['/5'], 0],
    ['^C leaves it with the answer, whatever else was typed', ['get 6\r', '\u0003', '\u0004'], ['/5'], 130],
  ])('typed while a command runs, %s', async (_what, keys, wanted, code) => {
    const asked: string[] = []
    const answers: (() => void)[] = []
    const server = createServer((request, response) => {
      asked.push(request.url!)
      const give = () => response.writeHead(200, { Cid: request.headers.cid }).end(`value of ${request.url}`)
      if (asked.length === 1) answers.push(give)
      else give()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const file = join(temporaryDirectory(), 'config.json')
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      // The program must not lose its patience before this test has typed all.
      const timeouts = { request_ms: 60_000 }
      const config = { address: { '1.1': 'tcp://127.0.0.1:1' }, http_address: { '1.1': url }, timeouts }
      writeFileSync(file, JSON.stringify(config))
      const terminal = startFile(SCRIPT, ['-qefc', `${CMD} -config ${file}`, '/dev/null'], temporaryDirectory(), null)
      await until('the prompt', () => terminal.stdout.includes('synod any node> '))
      terminal.write('get 5\r')
      await until('the command runs', () => answers.length === 1)
      for (const key of keys) terminal.write(key)
      // The shell takes ^A for a movement and shows nothing; a terminal that it has let go of echoes it.
      await until('the shell has left the terminal', () => {
        terminal.write('\u0001')
        return terminal.stdout.includes('^A')
      })
      answers[0]!()
      expect((await terminal.ended).code).toBe(code)
      for (const path of wanted) expect(terminal.stdout).toContain(`value of ${path}`)
      expect(asked).toEqual(wanted)
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })
} else {
  process.stdout.write(`SKIPPED the shell on a terminal: there is no ${SCRIPT}\n`)
}
