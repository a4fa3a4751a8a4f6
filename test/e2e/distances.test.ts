/** Emulated distances on real servers: latencies are what the round trips demand, and throughput is not capped by them. */
import { expect, test } from 'vitest'
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
