/** Sessions against real servers: a lost reply, a killed node and a dead leader leave each write executed once. */
import { expect, test } from 'vitest'
import { KeyValueClient } from '../../src/client/index.ts'
import { until } from '../support/processes.ts'
import { RealCluster } from './cluster.ts'

const THREE = ['1.1', '1.2', '1.3']
const CUT_FOR_GOOD = 600

/** Three servers, a client that asks a follower first, and one that asks the third node first. */
async function behindAFollower() {
  const cluster = await RealCluster.create(THREE, { fault_injection: true, multiversion: true })
  await cluster.startAll()
  const leader = await cluster.leader()
  const [follower, third] = THREE.filter((id) => id !== leader) as [string, string]
  const client = new KeyValueClient({ nodes: cluster.nodes, id: follower })
  const witness = new KeyValueClient({ nodes: cluster.nodes, id: third })
  return { cluster, leader, follower, third, client, witness }
}

test('a reply that is lost on its way back: the retry through another node gets the first answer', async () => {
  const { cluster, leader, follower, third, client, witness } = await behindAFollower()
  try {
    await witness.put('7', 'before')
    const session = await client.openSession()
    // The follower's forwarded write arrives and is executed; its answer is lost, so the follower says 504.
    await cluster.drop(leader, follower, CUT_FOR_GOOD)
    const put = await session.put('7', 'once')
    expect(put.node).not.toBe(follower)
    expect([put.version, put.previous?.toString()]).toEqual([2, 'before'])
    // What the first attempt did is what was answered: nothing was written after it.
    expect(await witness.get('7')).toMatchObject({ version: 2, value: Buffer.from('once') })
    const { body } = await cluster.ask(third, 'GET', '/history?key=7')
    expect((JSON.parse(body) as string[]).map((value) => Buffer.from(value, 'base64').toString())).toEqual([
      'before',
      'once',
    ])
  } finally {
    await client.close()
    await witness.close()
  }
})

test('a node that is killed once its write is executed: the client asks another one, and nothing is written twice', async () => {
  const { cluster, leader, follower, client, witness } = await behindAFollower()
  try {
    const session = await client.openSession()
    await cluster.drop(leader, follower, CUT_FOR_GOOD)
    const write = session.put('k', 'once')
    await until('the write is executed', async () => (await witness.get('k')).value !== null)
    await witness.put('k', 'later')
    await cluster.kill(follower)
    const put = await write
    expect(put.node).not.toBe(follower)
    expect([put.version, put.previous]).toEqual([1, null])
    expect(await witness.get('k')).toMatchObject({ version: 2, value: Buffer.from('later') })

    await cluster.drop(leader, follower, 1)
    cluster.start(follower)
    await until(`${follower} has its memory back`, async () => (await cluster.state(follower)).memory === 'kept')
    await cluster.converged()
  } finally {
    await client.close()
    await witness.close()
  }
})

test('the leader is killed under load: as many writes are counted as were acknowledged', async () => {
  const cluster = await RealCluster.create(THREE)
  await cluster.startAll()
  const clients = THREE.map((id) => new KeyValueClient({ nodes: cluster.nodes, id, timeoutMs: 30_000, attempts: 100 }))
  try {
    const versions: number[] = []
    let stopped = false
    const workers = clients.flatMap((client) =>
      [0, 1].map(async (lane) => {
        const session = await client.openSession()
        while (!stopped) versions.push((await session.put('k', `${lane}`)).version!)
      }),
    )
    await until('100 writes', () => versions.length >= 100)
    await cluster.kill(await cluster.leader())
    const before = versions.length
    await until('100 more writes', () => versions.length >= before + 100)
    stopped = true
    await Promise.all(workers)
    expect(new Set(versions).size).toBe(versions.length)
    expect((await clients[0]!.get('k')).version).toBe(versions.length)
    await cluster.converged()
  } finally {
    await Promise.all(clients.map((client) => client.close()))
  }
})

test('large values, side by side over large values: the window narrows, and no write is refused', async () => {
  const cluster = await RealCluster.create(THREE)
  await cluster.startAll()
  const client = new KeyValueClient({ nodes: cluster.nodes, timeoutMs: 60_000 })
  try {
    const session = await client.openSession()
    const value = Buffer.alloc(1024 * 1024, 'x')
    await session.put('k', value)
    // Their answers are the values before: more than the eight that a session keeps.
    const writes = await Promise.all(Array.from({ length: 20 }, () => session.put('k', value)))
    expect(writes.map(({ version }) => version!).sort((a, b) => a - b)).toEqual(writes.map((_, i) => i + 2))
    expect(writes.every(({ previous }) => previous?.equals(value))).toBe(true)
  } finally {
    await client.close()
  }
})

test('a protocol without them says so, and deletes all the same', async () => {
  const cluster = await RealCluster.create(['1.1'])
  await cluster.startAll('-algorithm', 'abd')
  const client = new KeyValueClient({ nodes: cluster.nodes })
  try {
    await expect(client.openSession()).rejects.toMatchObject({ code: 'unsupported' })
    await expect(client.compareAndSet('k', null, 'v')).rejects.toMatchObject({ code: 'unsupported' })
    expect(await client.put('k', 'v')).toMatchObject({ version: null })
    expect((await client.delete('k')).deleted).toBe(true)
    expect((await client.get('k')).value).toBeNull()
    // Without an order of all writes nobody can say what one of them found.
    expect((await client.delete('k')).deleted).toBe(true)
  } finally {
    await client.close()
  }
})
