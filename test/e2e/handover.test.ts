/** An orderly end under load: the leader hands over, and nobody waits for its silence. */
import { expect, test } from 'vitest'
import { until } from '../support/processes.ts'
import { RealCluster } from './cluster.ts'
import { Load } from './load.ts'

const THREE = ['1.1', '1.2', '1.3']

/** So long that an election by silence could not be over before a request is. */
const ELECTION_MS = 5000

test('a leader that gets SIGTERM under load hands over, round after round', { timeout: 60_000 }, async () => {
  const cluster = await RealCluster.create(THREE, { timeouts: { election_ms: ELECTION_MS } })
  await cluster.startAll()
  const load = new Load(cluster.nodes)
  try {
    for (let round = 0; round < 2; round++) {
      const before = load.acknowledged.length
      await until('writes', () => load.acknowledged.length >= before + 100)
      const leader = await cluster.leader()
      const old = cluster.program(leader)
      old.signal('SIGTERM')
      const { code, stderr } = await old.ended
      expect([code, stderr.includes('hand over')]).toEqual([0, true])
      // It has ended only when another led; so the rest agrees on one that campaigned because it was told to.
      const heir = await cluster.leader()
      expect(heir).not.toBe(leader)
      const endedAt = performance.now()
      await until('a write', () => load.acknowledged.some(({ calledAt }) => calledAt > endedAt))
      cluster.start(leader)
      // Its memory is gone: while it has it not back, the other two are all that remember.
      await until(`${leader} has its memory back`, async () => (await cluster.state(leader)).memory === 'kept')
    }
    await load.stop()
    for (const id of THREE) await load.readAll(id)
    expect(load.judge()).toMatchObject({ verdict: 'linearizable' })
    expect(load.surprises).toEqual([])
    for (const id of THREE) expect(cluster.program(id).stderr).not.toContain('leader silent')
  } finally {
    await load.close()
  }
})
