/** The programs as a user meets them: nine nodes on a file in Paxi's form, `client` and `cmd` against them, `-sim`. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isFree } from '../../src/runtime/free-ports.ts'
import {
  type Finished,
  type Program,
  runProgram,
  startProgram,
  temporaryDirectory,
  until,
} from '../support/processes.ts'
import { type Addresses, ask, RealCluster } from './cluster.ts'

const NINE = [1, 2, 3].flatMap((zone) => [1, 2, 3].map((node) => `${zone}.${node}`))

/** A file as Paxi writes it: its keys in its order and spelling, four spaces, and none of the keys added here. */
function paxiFile({ address, http_address }: Addresses): string {
  const benchmark = { T: 1, N: 0, K: 100, W: 0.5, Throttle: 0, Concurrency: 2, Distribution: 'uniform' }
  const shape = {
    Conflicts: 0,
    Min: 0,
    Mu: 50,
    Sigma: 5,
    Move: false,
    Speed: 10,
    Zipfian_s: 2,
    Zipfian_v: 1,
    Lambda: 0.01,
  }
  const sizes = { policy: 'majority', threshold: 3, thrifty: false, chan_buffer_size: 1024, buffer_size: 1024 }
  const workload = { ...benchmark, LinearizabilityCheck: false, ...shape }
  return `${JSON.stringify({ address, http_address, ...sizes, multiversion: false, benchmark: workload }, null, 4)}\n`
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, rank: Math.random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item)
}

function workloadFile(workload: object): string {
  const file = join(temporaryDirectory(), 'benchmark.json')
  writeFileSync(file, JSON.stringify(workload))
  return file
}

function cmd(config: string, words: readonly string[], input = ''): Promise<Finished> {
  return runProgram('cmd', ['-config', config, ...words], input)
}

/** Starts all nodes in a random order, every third once the one before answers; the cluster must wait for the last. */
async function startWithGaps(cluster: RealCluster): Promise<void> {
  const order = shuffled(cluster.ids)
  for (const [count, id] of order.entries()) {
    if (id === order.at(-1)) {
      await until(`${order[0]} waits for ${id} alone, the last of ${order}`, async () => {
        const { status, body } = await cluster.ask(order[0]!, 'GET', '/health/ready')
        if (status === 503 && body === `waiting for ${id}\n`) return true
        throw new Error(`${status} ${body}`)
      })
    }
    cluster.start(id)
    if (count % 3 !== 2) continue
    await until(`${id} of ${order} is alive`, async () => (await cluster.ask(id, 'GET', '/health')).status === 200)
  }
  await cluster.ready()
}

describe.sequential('the programs', () => {
  test('nine nodes, a file in the form of Paxi, started in any order with gaps', async () => {
    const cluster = await RealCluster.written(NINE, paxiFile)
    await startWithGaps(cluster)
    const config = cluster.configFile

    expect(await cmd(config, ['get', '1'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('absent'),
    })
    expect(await cmd(config, ['-id', '2.3', 'put', '1', 'hello'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('by node 2.3'),
      stderr: '',
    })
    expect(await cmd(config, ['-id', '3.1', 'get', '1'])).toMatchObject({ code: 0, stdout: 'hello\n', stderr: '' })
    expect(await cmd(config, ['consensus', '1'])).toMatchObject({ code: 0, stdout: 'true\n' })
    const { code, stdout } = await cmd(config, [], 'put -9223372036854775808 "a b"\nget -9223372036854775808\nstate\n')
    expect(code).toBe(0)
    expect(stdout).toContain('\na b\n')
    expect(stdout.match(/^\d\.\d paxos executed \d+ hash \S+ leader \d\.\d ready$/gm)).toHaveLength(9)
    expect(await cmd(config, ['get', '01'])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/^[^\n]+\n$/),
    })

    const workload = {
      T: 0,
      N: 1000,
      K: 50,
      W: 0.5,
      Concurrency: 8,
      Distribution: 'uniform',
      LinearizabilityCheck: true,
    }
    const bconfig = workloadFile(workload)
    const run = await runProgram('client', ['-id', '1.1', '-config', config, '-bconfig', bconfig])
    expect(run.code, run.stderr).toBe(0)
    for (const line of [/^Concurrency = 8$/m, /^Throughput = [0-9.]+$/m, /^size = 1000$/m, /^p999 = [0-9.]+$/m])
      expect(run.stdout).toMatch(line)
    expect(run.stdout).toContain('The execution is linearizable.\n')

    // The cluster is in use now: the survey takes what is there for initial values. Each operation at any node.
    const again = await runProgram('client', ['-config', config, '-bconfig', bconfig, '-json'])
    expect(again.code, again.stderr).toBe(0)
    expect(JSON.parse(again.stdout)).toMatchObject({ operations: 1000, errors: 0, unknown: 0, verdict: 'linearizable' })
    const states = await cluster.converged()
    expect(states.every(({ memory }) => memory === 'blank')).toBe(true)
  })

  test('the workload of the configuration is used where there is no benchmark.json', async () => {
    const cluster = await RealCluster.written(['1.1'], paxiFile)
    await cluster.startAll()
    const { code, stdout, stderr } = await runProgram('client', ['-config', cluster.configFile])
    expect(code, stderr).toBe(0)
    expect(stdout).toMatch(/^Concurrency = 2$/m)
    expect(stdout).toMatch(/^Number of Keys = 100$/m)
    expect(stdout).not.toContain('The execution')
  })

  test('-sim runs all nodes in one process, which frees all ports when it ends', async () => {
    const cluster = await RealCluster.create(NINE)
    const server = startProgram('server', ['-sim', '-config', cluster.configFile])
    for (const id of NINE) await untilReady(cluster, id, server)
    const bconfig = workloadFile({ T: 0, N: 500, K: 50, W: 0.5, Concurrency: 4, LinearizabilityCheck: true })
    const { code, stdout, stderr } = await runProgram('client', ['-config', cluster.configFile, '-bconfig', bconfig])
    expect(code, stderr).toBe(0)
    expect(stdout).toContain('The execution is linearizable.\n')
    expect(await cmd(cluster.configFile, ['consensus', '1'])).toMatchObject({ code: 0, stdout: 'true\n' })
    // Between themselves the nodes use no port.
    for (const id of NINE) expect(await isFree(cluster.peerPort(id)), `peer port of ${id}`).toBe(true)
    server.signal('SIGTERM')
    expect(await server.ended).toMatchObject({ code: 0, signal: null })
    for (const id of NINE) expect(await isFree(cluster.httpPort(id)), `http port of ${id}`).toBe(true)
  })

  test('without a cluster client and cmd fail with 1, and say why on stderr', async () => {
    const cluster = await RealCluster.create(['1.1', '1.2'])
    const bconfig = workloadFile({ T: 0, N: 5, K: 5 })
    const client = await runProgram('client', ['-config', cluster.configFile, '-bconfig', bconfig])
    expect([client.code, client.stderr]).toEqual([1, expect.stringContaining('ECONNREFUSED')])
    expect(await cmd(cluster.configFile, ['put', '1', 'x'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('ECONNREFUSED'),
    })
    expect(await cmd(cluster.configFile, ['consensus', '1'])).toMatchObject({ code: 1, stdout: 'false\n' })
  })

  test('help shows one dash, the list names the protocols; both on stdout', async () => {
    for (const name of ['server', 'client', 'cmd', 'master', 'checker']) {
      const { code, stdout, stderr } = await runProgram(name, ['-help'])
      expect([code, stderr], name).toEqual([0, ''])
      expect(stdout, name).toMatch(new RegExp(`^Usage: ${name} `))
      expect(stdout, name).not.toContain('--')
    }
    const both = await runProgram('server', ['-help'])
    expect(both.stdout).toMatch(/\nOptions of abd, [\s\S]*\nOptions of paxos, /)
    const one = await runProgram('server', ['-algorithm', 'abd', '-help'])
    expect(one.stdout).toMatch(/\nOptions of abd, under protocols\.abd in the configuration:\n {2}retry_ms +a message/)
    expect(one.stdout).toMatch(/ {2}retries +the most .* \(default 1024\)\n$/)
    expect(await runProgram('server', ['-algorithm', 'abc', '-help'])).toMatchObject({ code: 2, stdout: '' })
    const list = await runProgram('server', ['-list'])
    expect([list.code, list.stderr]).toEqual([0, ''])
    expect(list.stdout).toMatch(/^paxos +linearizable +.*Lamport/m)
  })

  test('the process started is the program itself', async () => {
    const cluster = await RealCluster.create(['1.1'])
    await cluster.startAll()
    cluster.program('1.1').signal('SIGKILL')
    expect(await cluster.program('1.1').ended).toMatchObject({ code: null, signal: 'SIGKILL' })
    expect(await isFree(cluster.httpPort('1.1'))).toBe(true)
  })
})

function untilReady(cluster: RealCluster, id: string, server: Program): Promise<unknown> {
  return until(`${id} is ready`, async () => {
    if (!server.running) throw new Error('the server has ended')
    return (await ask('GET', `${cluster.nodes[id]}/health/ready`)).status === 200
  })
}
