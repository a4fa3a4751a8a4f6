/** The flags and the header that say which path reads take, on real servers. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { KeyValueClient, type ReadPath } from '../../src/client/index.ts'
import { runProgram, temporaryDirectory, until } from '../support/processes.ts'
import { RealCluster } from './cluster.ts'

const THREE = ['1.1', '1.2', '1.3']

test('the flag of a server is for reads that name no path, and their answers say so', async () => {
  const cluster = await RealCluster.create(THREE)
  for (const id of THREE) cluster.start(id, ...(id === '1.3' ? ['-read', 'quorum'] : []))
  await cluster.ready()
  await until('a write', async () => (await cluster.ask('1.1', 'PUT', '/1', 'red')).status === 200)
  const paths = await Promise.all(THREE.map(async (id) => (await cluster.ask(id, 'GET', '/1')).headers.inprogress))
  expect(paths).toEqual([undefined, undefined, 'false'])
  // A follower of a cluster that has lost its leader still reads by a quorum: nobody need be elected for it.
  const leader = await cluster.leader()
  const reader = leader === '1.3' ? '1.2' : '1.3'
  await cluster.kill(leader)
  if (reader === '1.3') expect((await cluster.ask(reader, 'GET', '/1')).body).toBe('red')
})

test('a read of any is stale at a node that is cut off, and says that it may be; the other paths refuse there', async () => {
  const cluster = await RealCluster.create(THREE, { fault_injection: true, timeouts: { request_ms: 500 } })
  await cluster.startAll()
  await until('a write', async () => (await cluster.ask('1.1', 'PUT', '/1', 'old')).status === 200)
  await cluster.converged()
  const leader = await cluster.leader()
  const away = THREE.find((id) => id !== leader)!
  expect((await cluster.ask(away, 'POST', `/partition?t=0&ids=${away}`)).status).toBe(200)
  await until('the others write', async () => (await cluster.ask(leader, 'PUT', '/1', 'new')).status === 200)
  const client = new KeyValueClient({ nodes: { [away]: cluster.nodes[away]! }, attempts: 1 })
  try {
    expect(await client.get('1', { read: 'any' })).toMatchObject({ value: Buffer.from('old'), inProgress: true })
    for (const path of ['log', 'leader', 'quorum'] as const)
      await expect(client.get('1', { read: path })).rejects.toThrow(/answered 50[34]/)
  } finally {
    await client.close()
  }
})

test.each(['leader', 'quorum'])('the benchmark reads by %s, and its history is linearizable', async (path) => {
  const cluster = await RealCluster.create(THREE)
  await cluster.startAll()
  const workload = join(temporaryDirectory(), 'benchmark.json')
  const size = { T: 0, N: 1500, K: 10, W: 0.3, Concurrency: 8, LinearizabilityCheck: true }
  writeFileSync(workload, JSON.stringify(size))
  const before = (await cluster.state('1.1')).executed
  const run = await runProgram('client', ['-config', cluster.configFile, '-bconfig', workload, '-read', path, '-json'])
  expect([run.code, JSON.parse(run.stdout)]).toMatchObject([0, { operations: 1500, verdict: 'linearizable' }])
  // Reads use no slots: there are far fewer of these than operations, even if each write had one of its own.
  const states = await cluster.converged()
  expect(states[0]!.executed - before).toBeLessThan(900)
})

test('the client of the package asks for a path by each read', async () => {
  const cluster = await RealCluster.create(THREE)
  await cluster.startAll('-read', 'leader')
  const client = new KeyValueClient({ nodes: cluster.nodes, id: '1.1' })
  try {
    const { version } = await client.put('colour', 'red')
    for (const read of ['log', 'leader', 'quorum'] as const) {
      expect(await client.get('colour', { read })).toMatchObject({ value: Buffer.from('red'), version })
    }
    const inProgress = async (read?: ReadPath) => (await client.get('colour', read ? { read } : {})).inProgress
    expect([await inProgress('log'), await inProgress('leader'), await inProgress('quorum')]).toEqual([
      null,
      false,
      false,
    ])
    expect([await inProgress('any'), await inProgress()]).toEqual([true, false])
  } finally {
    await client.close()
  }
})

test('a cluster whose leaders are ephemeral and thrifty serves at each node', async () => {
  const cluster = await RealCluster.create(THREE, { thrifty: true })
  await cluster.startAll('-ephemeral_leader')
  for (const id of THREE) {
    await until(`${id} writes`, async () => (await cluster.ask(id, 'PUT', `/${id.at(-1)}`, id)).status === 200)
    expect((await cluster.state(id)).role).toBe('leader')
  }
  const values = await Promise.all(THREE.map((id) => until(`${id} reads`, () => read(cluster, id, '/1'))))
  expect(values).toEqual(['1.1', '1.1', '1.1'])
})

async function read(cluster: RealCluster, id: string, path: string): Promise<string> {
  const { status, body } = await cluster.ask(id, 'GET', path)
  if (status !== 200) throw new Error(`${status} ${body}`)
  return body
}
