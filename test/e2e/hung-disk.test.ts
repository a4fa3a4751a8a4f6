/** A server whose disk hangs, while the disks of the others are well. */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryDirectory, until } from '../support/processes.ts'
import { RealCluster } from './cluster.ts'

const BYTES = 100_000

/** A gauge of a node. */
async function gauge(cluster: RealCluster, id: string, name: string): Promise<number> {
  const { body } = await cluster.ask(id, 'GET', '/metrics')
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(body)?.[1])
}

test('a disk that hangs: its node says so, keeps its bounds, catches up later, and can be ended', async () => {
  const directory = temporaryDirectory()
  const hung = join(directory, 'hung')
  const cluster = await RealCluster.create(['1.1', '1.2', '1.3'], {
    storage: join(directory, 'data'),
    limits: { unsynced_bytes: BYTES, inbox_bytes: BYTES },
  })
  cluster.start('1.1')
  cluster.start('1.2')
  cluster.environment = { NODE_OPTIONS: `--import=${new URL('hung-disk.mjs', import.meta.url)}`, HUNG_DISK: hung }
  cluster.start('1.3')
  await cluster.ready()

  writeFileSync(hung, '')
  const write = async (key: number) => (await cluster.ask('1.1', 'PUT', `/${key}`, 'v'.repeat(BYTES / 10))).status
  // Where it leads, the others replace it as soon as it stops.
  for (let key = 0; key < 60; key++) await until(`write ${key}`, async () => (await write(key)) === 200)
  await until('1.3 says that its disk hangs', async () => {
    const { status, body } = await cluster.ask('1.3', 'GET', '/health/ready')
    return status === 503 && /its disk has been at one sync for \d+ s/.test(body)
  })
  expect((await cluster.ask('1.3', 'GET', '/health')).status).toBe(200)
  // What came while it still took everything, and one event more.
  expect(await gauge(cluster, '1.3', 'synod_unsynced_bytes')).toBeLessThan(2 * BYTES)
  expect(await gauge(cluster, '1.3', 'synod_inbox_bytes')).toBeLessThanOrEqual(BYTES)

  rmSync(hung)
  await cluster.ready()
  await cluster.converged()

  writeFileSync(hung, '')
  await until('another write', async () => (await write(61)) === 200)
  await until('a record of it', async () => (await gauge(cluster, '1.3', 'synod_unsynced_bytes')) > 0)
  cluster.program('1.3').signal('SIGTERM')
  await until('its end', () => !cluster.program('1.3').running)
  expect(await cluster.program('1.3').ended).toMatchObject({ signal: 'SIGKILL' })
  expect(cluster.program('1.3').stderr).toContain('the disk is not done')
})
