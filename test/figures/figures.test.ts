/** That what is measured is a cluster: on disk it keeps what was written, in memory it does not, and a checkpoint is one. */
import { afterEach, expect, test } from 'vitest'
import { loadProtocol } from '../../bin/protocols.ts'
import { put } from '../../src/index.ts'
import { temporaryDirectory, until } from '../support/processes.ts'
import { drive, LocalCluster } from './cluster.ts'

const open: LocalCluster[] = []

afterEach(async () => {
  for (const cluster of open.splice(0)) await cluster.close()
})

async function start(place: string): Promise<LocalCluster> {
  const cluster = await LocalCluster.open({ protocol: await loadProtocol('paxos'), size: 3, place })
  open.push(cluster)
  return cluster
}

function write(cluster: LocalCluster, writes: number) {
  return drive(cluster.leader.node, 16, (count) => (count < writes ? put(`${count}`, Buffer.from('v')) : null))
}

test('on disk, with a checkpoint, all is there after a restart', async () => {
  const place = temporaryDirectory()
  const cluster = await start(place)
  expect(await write(cluster, 200)).toMatchObject({ operations: 200 })
  expect(cluster.syncs).toBeGreaterThan(3)
  const { disk } = cluster.leader
  disk.due = true
  await write(cluster, 10)
  await until('the checkpoint', () => disk.checkpoints === 1)
  await cluster.close()
  open.pop()
  expect((await start(place)).leader.replica.status().executed).toBeGreaterThan(0)
})

test('in memory nothing is synced, or there after a restart', async () => {
  const cluster = await start('memory')
  await write(cluster, 200)
  await cluster.close()
  open.pop()
  expect((await start('memory')).leader.replica.status().executed).toBe(0)
})
