/** A cluster that a master gathers: servers join it, client and cmd ask it, and what does not fit is refused in one line. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { freePorts } from '../../src/runtime/free-ports.ts'
import { type Program, runProgram, startProgram, temporaryDirectory, until } from '../support/processes.ts'

/** A range of free ports, so that those after the first are free, too. */
async function freeRange(size: number): Promise<number> {
  for (;;) {
    const ports = await freePorts(size)
    const [first] = ports as [number]
    if (ports.at(-1) === first + size - 1) return first
  }
}

test('three nodes join, serve, and are found by client and cmd', async () => {
  const [port, http] = [await freeRange(4), await freeRange(4)]
  const template = join(temporaryDirectory(), 'template.json')
  writeFileSync(template, JSON.stringify({ multiversion: true, secret: 'known to nodes' }))
  const at = `127.0.0.1:${port}`
  const master = startProgram('master', ['-n', '3', '-port', `${port}`, '-http', `${http}`, '-config', template])
  await until('the master listens', () => master.stderr.includes(`waiting for 3 nodes on ${at}`))
  const early = await runProgram('cmd', ['-master', at, 'state'])
  expect([early.code, early.stderr]).toEqual([1, `master ${at}: waiting for 3 more nodes\n`])

  const servers = ['1.1', '1.2', '1.3'].map((id) => startProgram('server', ['-id', id, '-master', at]))
  await until('all have joined', () => master.stderr.includes('"missing":0'))
  const cmd = (...words: string[]) => runProgram('cmd', ['-master', at, ...words])
  await until('all are ready', async () => (await cmd('state')).stdout.match(/ ready$/gm)?.length === 3)
  expect(await cmd('-id', '1.3', 'put', '500', 'hello')).toMatchObject({ code: 0 })
  expect(await cmd('-id', '1.1', 'get', '500')).toMatchObject({ code: 0, stdout: 'hello\n' })
  const workload = join(temporaryDirectory(), 'benchmark.json')
  writeFileSync(workload, JSON.stringify({ T: 0, N: 100, K: 10 }))
  const run = await runProgram('client', ['-master', at, '-bconfig', workload])
  expect([run.code, run.stdout], run.stderr).toEqual([0, expect.stringContaining('The execution is linearizable.')])

  // A member that starts again finds its place; a stranger has none.
  servers[2]!.signal('SIGTERM')
  expect((await servers[2]!.ended).code).toBe(0)
  startProgram('server', ['-id', '1.3', '-master', at])
  await until('1.3 serves again', async () => (await cmd('-id', '1.3', 'get', '500')).stdout === 'hello\n')
  const stranger = await runProgram('server', ['-id', '9.9', '-master', at])
  expect([stranger.code, stranger.stderr]).toEqual([2, expect.stringMatching(/^master [^\n]*9\.9 is none of them\n$/)])

  master.signal('SIGTERM')
  expect((await master.ended).code).toBe(0)
})

/** A master for three nodes, once it listens. */
async function startMaster(port: number, http: number, ...flags: string[]): Promise<Program> {
  const master = startProgram('master', ['-n', '3', '-port', `${port}`, '-http', `${http}`, ...flags])
  await until('the master listens', () => master.stderr.includes(` on 127.0.0.1:${port}\n`))
  return master
}

test('with a roster a master that starts again knows its cluster; a server waits for one that is away', async () => {
  const [port, http] = [await freeRange(4), await freeRange(4)]
  const at = `127.0.0.1:${port}`
  const roster = join(temporaryDirectory(), 'roster.json')
  const first = await startMaster(port, http, '-roster', roster)
  const start = (id: string) => startProgram('server', ['-id', id, '-master', at])
  const [, second] = [start('1.3'), start('1.2'), start('1.1')]
  const state = async () => (await runProgram('cmd', ['-config', roster, 'state'])).stdout
  await until('all have joined', () => first.stderr.includes('"missing":0'))
  await until('all are ready', async () => (await state()).match(/ ready$/gm)?.length === 3)
  const before = readFileSync(roster, 'utf8')
  expect(JSON.parse(before).http_address['1.1']).toBe(`http://127.0.0.1:${http + 1}`)

  for (const program of [first, second!]) program.signal('SIGKILL')
  await Promise.all([first.ended, second!.ended])
  const again = start('1.2')
  await until('the server says that the master is away', () => again.stderr.includes('; trying again for 30 s'))
  await startMaster(port, http, '-roster', roster)
  await until('1.2 serves again', async () => (await state()).match(/ ready$/gm)?.length === 3)
  expect(readFileSync(roster, 'utf8')).toBe(before)
  const udp = await runProgram('master', ['-port', `${port + 9}`, '-transport', 'udp', '-roster', roster])
  expect(udp).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^-transport udp: .* has tcp:\/\/127\.0\.0\.1:\d+\n$/),
  })
  const wrong = await runProgram('master', ['-n', '4', '-port', `${port + 9}`, '-roster', roster])
  expect([wrong.code, wrong.stderr]).toEqual([
    2,
    expect.stringMatching(/^-n 4: .*roster\.json has 1\.1, 1\.2, 1\.3\n$/),
  ])
})

test.each([
  ['info', ['2.1', '1.1'], [1, 0]],
  ['warning', [], []],
])('with -log_dir and -log_level %s the joins of %j are in a file', async (level, nodes, missing) => {
  const directory = temporaryDirectory()
  const [port, http] = [await freeRange(3), await freeRange(3)]
  const master = await startMaster(port, http, '-n', '2', '-log_dir', directory, '-log_level', level)
  for (const id of ['2.1', '2.1', '1.1']) await fetch(`http://127.0.0.1:${port}/nodes/${id}`, { method: 'POST' })
  master.signal('SIGTERM')
  expect(await master.ended).toMatchObject({ code: 0, stderr: `waiting for 2 nodes on 127.0.0.1:${port}\n` })
  const lines = readFileSync(join(directory, 'master.log'), 'utf8').split('\n').filter(Boolean)
  const said = lines.map((line) => JSON.parse(line))
  expect(said.map(({ node }) => node)).toEqual(nodes)
  expect(said.map((line) => line.missing)).toEqual(missing)
  for (const line of said) expect(line).toMatchObject({ level: 'info', msg: 'joined', from: '127.0.0.1' })
})

test('SIGTERM ends a server that waits at a master with 0', async () => {
  const [port, http] = [await freeRange(4), await freeRange(4)]
  const master = await startMaster(port, http)
  const servers = ['1.1', '1.2'].map((id) => startProgram('server', ['-id', id, '-master', `127.0.0.1:${port}`]))
  for (const server of servers) await until('it waits', () => server.stderr.includes('waiting for'))
  servers[0]!.signal('SIGTERM')
  servers[1]!.signal('SIGINT')
  expect(await servers[0]!.ended).toMatchObject({ code: 0, signal: null })
  expect(await servers[1]!.ended).toMatchObject({ code: 130, signal: null })
  master.signal('SIGTERM')
  expect((await master.ended).code).toBe(0)
})

test.each<[object, string]>([
  [{ protocols: { Paxos: { x: 1 } } }, 'protocols.paxos.x: there is no such option'],
  [{ protocols: { abd: { retry_ms: 0 } } }, 'protocols.abd.retry_ms: must be a whole number'],
  [{ protocols: { other: {} }, thrifty: 1 }, 'thrifty: expected true or false'],
  [{ links: { preset: 'wan/foo' } }, 'links.preset: must be one of'],
  [{ links: { foo: 1 } }, 'links: unknown key "foo"'],
  [{ links: 5 }, 'links: expected an object'],
])('a master does not start with %j', async (keys, problem) => {
  const file = join(temporaryDirectory(), 'template.json')
  writeFileSync(file, JSON.stringify(keys))
  const finished = await runProgram('master', ['-config', file])
  expect(finished).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/^[^\n]+\n$/) })
  expect(finished.stderr).toContain(`${file}: ${problem}`)
})

test('a master starts with options of what may be a plugin, and links of who may join', async () => {
  const file = join(temporaryDirectory(), 'template.json')
  writeFileSync(file, JSON.stringify({ protocols: { other: { x: 1 } }, links: { rtt_ms: { '1-2': 5 } } }))
  const master = await startMaster(await freeRange(4), await freeRange(4), '-config', file)
  master.signal('SIGTERM')
  expect((await master.ended).code).toBe(0)
})

test.each<[string, string[], number, RegExp]>([
  ['master', ['-n', '0'], 2, /^-n 0: /],
  ['master', ['-port', '65535'], 2, /^-port 65535: /],
  ['master', ['-port', '8079', '-n', '3'], 2, /apart/],
  ['master', ['-host', '0.0.0.0'], 2, /-insecure/],
  ['master', ['-config', 'none.json'], 2, /^none\.json: /],
  ['master', ['-n', '2', '-threshold', '-1'], 2, /^-threshold -1: threshold: must be at least 0, not -1/],
  ['master', ['-roster', 'none/roster.json'], 2, /^none\/: is not there/],
  ['server', ['-id', '1.1', '-master', 'a b'], 2, /^-master a b: /],
  ['server', ['-master', '127.0.0.1:1'], 2, /^-id is missing/],
  ['server', ['-sim', '-master', '127.0.0.1:1'], 2, /-sim/],
  ['client', ['-master', '127.0.0.1:1'], 1, /ECONNREFUSED/],
  ['cmd', ['-master', '127.0.0.1:99999', 'state'], 2, /^-master 127\.0\.0\.1:99999: /],
])('%s %j is refused with one line', async (name, flags, code, line) => {
  const finished = await runProgram(name, flags)
  expect(finished).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(/^[^\n]+\n$/) })
  expect(finished.stderr).toMatch(line)
})
