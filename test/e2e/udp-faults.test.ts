/** Servers on udp addresses under loss and cuts, with load: datagrams are lost for good, and the history stays right. */
import { describe, expect, test } from 'vitest'
import { until } from '../support/processes.ts'
import { RealCluster } from './cluster.ts'
import { Load } from './load.ts'

const THREE = ['1.1', '1.2', '1.3']
/** Acknowledged writes in each phase. Who asks a node that is cut off from the leader waits for long. */
const LEAST = 40

describe.each(['paxos', 'abd'])('%s on udp addresses', (algorithm) => {
  test('serves under flaky and dropped links, and its history is linearizable', async () => {
    const cluster = await RealCluster.written(THREE, ({ address, http_address }) => {
      const udp = Object.entries(address).map(([id, text]) => [id, text.replace('tcp:', 'udp:')])
      return JSON.stringify({ address: Object.fromEntries(udp), http_address, fault_injection: true })
    })
    await cluster.startAll('-algorithm', algorithm)
    const load = new Load(cluster.nodes)
    try {
      const grown = async (what: string) => {
        const before = load.acknowledged.length
        await until(what, () => load.acknowledged.length >= before + LEAST)
      }
      await grown('load before any fault')
      for (const from of THREE) {
        for (const to of THREE.filter((id) => id !== from)) {
          expect((await cluster.ask(from, 'POST', `/flaky?id=${to}&p=0.1&t=600`)).status).toBe(200)
        }
      }
      await grown('load while each link loses a tenth')
      await cluster.drop('1.1', '1.2', 600)
      await cluster.drop('1.2', '1.1', 600)
      await grown('load while one link is cut')
      // The control: the faults have struck datagrams.
      const { body } = await cluster.ask('1.1', 'GET', '/metrics')
      expect(Number(/^synod_frames_dropped_total\{reason="fault"\} (\d+)$/m.exec(body)?.[1])).toBeGreaterThan(10)
      for (const id of THREE) expect((await cluster.ask(id, 'POST', '/heal')).status).toBe(200)
      await grown('load after healing')
      await load.stop()
      for (const id of THREE) await load.readAll(id)
      expect(load.surprises).toEqual([])
      expect(load.judge()).toMatchObject({ verdict: 'linearizable' })
      if (algorithm === 'paxos') await cluster.converged()
    } finally {
      await load.close()
    }
  })
})
