/** Emulated distances on real servers: latencies are what the round trips demand, and throughput is not capped by them. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { oneWayMs, parseConfig } from '../../src/config/index.ts'
import { Cluster } from '../../src/node-id.ts'
import { runProgram, temporaryDirectory } from '../support/processes.ts'
import { RealCluster } from './cluster.ts'

/** Between the zones of three nodes. */
const RTT_MS: Readonly<Record<string, number>> = { '1-2': 40, '1-3': 120, '2-3': 90 }

function rttMs(a: string, b: string): number {
  return a === b ? 0 : RTT_MS[[a[0], b[0]].sort().join('-')]!
}

test('a write needs the round trip to the leader and from it to the nearest quorum; many writes need it together', async () => {
  const ids = ['1.1', '2.1', '3.1']
  const cluster = await RealCluster.create(ids, { links: { rtt_ms: RTT_MS } })
  await cluster.startAll()
  const leader = await cluster.leader(ids)
  const others = ids.filter((id) => id !== leader)
  const nearestMs = Math.min(...others.map((id) => rttMs(leader, id)))
  for (const id of ids) {
    const boundMs = rttMs(id, leader) + nearestMs
    const startedAt = performance.now()
    expect((await cluster.ask(id, 'PUT', '/1', `by ${id}`)).status).toBe(200)
    expect(performance.now() - startedAt, `${id}, leader ${leader}`).toBeGreaterThanOrEqual(boundMs - 1)
  }
  const count = 100
  const startedAt = performance.now()
  const answers = await Promise.all(
    Array.from({ length: count }, (_, key) => cluster.ask(leader, 'PUT', `/${key}`, 'x')),
  )
  expect(answers.every(({ status }) => status === 200)).toBe(true)
  // One after the other they would need at least `count` round trips.
  expect(performance.now() - startedAt).toBeLessThan((count * nearestMs) / 2)
})

const REGIONS = { 1: 'us-east-1', 2: 'us-east-2', 3: 'us-west-1', 4: 'eu-west-1', 5: 'ap-northeast-1' }

test('in five regions of AWS the programs feel the round trips, from each region its own', async () => {
  const ids = Object.keys(REGIONS).map((zone) => `${zone}.1`)
  // Elections are slow, so that a busy machine does not move the leader meanwhile.
  const keys = {
    links: { preset: 'wan/aws-2020-06-05', regions: REGIONS },
    timeouts: { request_ms: 10_000, heartbeat_ms: 300, election_ms: 4000 },
  }
  const cluster = await RealCluster.create(ids, keys)
  await cluster.startAll('-log_level', 'warning')
  const leader = await cluster.leader(ids)
  const { links } = parseConfig(readFileSync(cluster.configFile, 'utf8'), 'config.json')
  const members = new Cluster(ids)
  const rtt = (a: string, b: string) => {
    const [from, to] = [members.find(a)!, members.find(b)!]
    return a === b ? 0 : oneWayMs(links, from, to) + oneWayMs(links, to, from)
  }
  // Two others of five make a quorum with the leader: the second nearest decides.
  const quorumMs = ids
    .filter((id) => id !== leader)
    .map((id) => rtt(leader, id))
    .sort((a, b) => a - b)[1]!
  const bconfig = join(temporaryDirectory(), 'benchmark.json')
  writeFileSync(bconfig, JSON.stringify({ T: 0, N: 12, K: 2, W: 0.5, Concurrency: 1 }))
  for (const id of ids) {
    const boundMs = rtt(id, leader) + quorumMs
    const { stdout } = await runProgram('client', [
      '-config',
      cluster.configFile,
      '-bconfig',
      bconfig,
      '-id',
      id,
      '-json',
    ])
    const { operations, latencyMs, verdict } = JSON.parse(stdout)
    expect([operations, verdict]).toEqual([12, 'linearizable'])
    expect(latencyMs.min, `${id}, leader ${leader}`).toBeGreaterThanOrEqual(0.99 * boundMs - 1)
  }
  const [farthest] = [...ids].sort((a, b) => rtt(b, leader) - rtt(a, leader)) as [string]
  const commands = Array.from({ length: 8 }, (_, key) => `put ${key} x\n`).join('')
  const startedAt = performance.now()
  const shell = await runProgram('cmd', ['-config', cluster.configFile, '-id', farthest], commands)
  expect([shell.code, shell.stdout.match(/^wrote /gm)?.length]).toEqual([0, 8])
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(8 * (rtt(farthest, leader) + quorumMs))
})
