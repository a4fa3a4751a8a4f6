/** A request that is at a leader which dies: its client is told at once that nobody knows, not at the deadline. */
import { expect, test } from 'vitest'
import { until } from '../support/processes.ts'
import { RealCluster } from './cluster.ts'

const THREE = ['1.1', '1.2', '1.3']
const DEADLINE_MS = 30_000

test('the death of the node that a request was forwarded to ends it as unknown, long before its deadline', async () => {
  // Elections are slow, so that the follower still goes by the leader that stands still.
  const timeouts = { request_ms: DEADLINE_MS, election_ms: 20_000 }
  const cluster = await RealCluster.create(THREE, { timeouts, multiversion: true })
  await cluster.startAll('-log_level', 'warning')
  const leader = await cluster.leader(THREE)
  const follower = THREE.find((id) => id !== leader)!
  const forwarded = async () => {
    const { body } = await cluster.ask(follower, 'GET', '/metrics')
    return Number(/^synod_messages_sent_total\{message="node\.Forward"\} (\d+)$/m.exec(body)?.[1] ?? 0)
  }
  cluster.program(leader).signal('SIGSTOP')
  const before = await forwarded()
  const startedAt = performance.now()
  const answer = cluster.ask(follower, 'PUT', '/1', 'lost', DEADLINE_MS + 5000)
  await until('the request is forwarded', async () => (await forwarded()) > before)
  await cluster.kill(leader)
  const { status, body } = await answer
  expect({ status, body }).toEqual({
    status: 504,
    body: `the connection to ${leader} is lost; the request may have been applied\n`,
  })
  expect(performance.now() - startedAt).toBeLessThan(DEADLINE_MS)
})

test('what could not even leave for a dead leader is refused for certain, not left unknown', async () => {
  const timeouts = { request_ms: 500, election_ms: 20_000 }
  const cluster = await RealCluster.create(THREE, { timeouts })
  await cluster.startAll('-log_level', 'warning')
  const leader = await cluster.leader(THREE)
  const follower = THREE.find((id) => id !== leader)!
  await cluster.kill(leader)
  await until('the connection is gone', async () => {
    const { body } = await cluster.ask(follower, 'GET', '/metrics')
    return body.includes(`synod_peer_connected{peer="${leader}"} 0`)
  })
  expect((await cluster.state(follower)).leader).toBe(leader)
  const answers = await Promise.all([1, 2, 3].map((key) => cluster.ask(follower, 'PUT', `/${key}`, 'refused')))
  expect(answers.map(({ status }) => status)).toEqual([503, 503, 503])
})
