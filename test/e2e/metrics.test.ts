/** `/metrics` of real servers with disks: what they did is in it, by name. */
import { expect, test } from 'vitest'
import { temporaryDirectory, until } from '../support/processes.ts'
import { RealCluster } from './cluster.ts'

/** The values of a scrape by name and labels. */
function valuesOf(scrape: string): Map<string, number> {
  const lines = scrape.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  )
}

test('metrics of a leader and of a follower, through a change of leaders and a fault', async () => {
  const keys = { storage: temporaryDirectory(), fault_injection: true }
  const cluster = await RealCluster.create(['1.1', '1.2', '1.3'], keys)
  const scrape = async (id: string) => valuesOf((await cluster.ask(id, 'GET', '/metrics')).body)
  await cluster.startAll('-algorithm', 'paxos')
  const { leader } = await cluster.state('1.1')
  const [follower = '', other = ''] = cluster.ids.filter((id) => id !== leader)
  for (let i = 0; i < 20; i++) await cluster.ask(leader!, 'PUT', `/${i}`, 'value')
  await cluster.ask(leader!, 'GET', '/1')
  await cluster.ask(leader!, 'DELETE', '/kv/nothing')
  await cluster.ask(follower, 'POST', `/slow?id=${other}&ms=1&t=0`)
  await until('the follower has executed all', async () => (await cluster.state(follower)).keys === 20)

  const led = await scrape(leader!)
  expect(led.get('synod_requests_total{outcome="done"}')).toBe(21)
  expect(led.get('synod_requests_total{outcome="absent"}')).toBe(1)
  expect(led.get('synod_request_seconds_count{kind="write"}')).toBe(21)
  expect(led.get('synod_request_seconds_bucket{kind="read",le="+Inf"}')).toBe(1)
  expect(led.get(`synod_leader{leader="${leader}"}`)).toBe(1)
  expect(led.get('synod_log_events_total{level="info",event="lead"}')).toBeGreaterThan(0)
  expect(led.get('synod_messages_sent_total{message="Accept"}')).toBeGreaterThanOrEqual(40)
  expect(led.get('synod_sent_bytes_total{message="Accept"}')).toBeGreaterThan(40 * 6)
  expect(led.get('synod_messages_received_total{message="Accepted"}')).toBeGreaterThanOrEqual(20)
  expect(led.get(`synod_peer_connected{peer="${follower}"}`)).toBe(1)
  expect(led.get('synod_disk_sync_seconds_count')).toBeGreaterThanOrEqual(20)
  expect(led.get('synod_disk_records_total')).toBeGreaterThanOrEqual(20)
  expect(led.get('synod_disk_bytes{file="log"}')).toBeGreaterThan(20 * 5)
  const turns = led.get('synod_turn_events_count')!
  expect(led.get('synod_turn_seconds_count')).toBe(turns)
  expect(led.get('synod_turn_events_sum')).toBeGreaterThan(40)

  const followed = await scrape(follower)
  expect(followed.get('synod_commands_executed_total')).toBe(22)
  expect(followed.get('synod_store_keys')).toBe(20)
  expect(followed.get('synod_faults{fault="slow"}')).toBe(1)
  expect(followed.get('synod_log_events_total{level="warn",event="fault"}')).toBe(1)
  const changes = followed.get('synod_leader_changes_total')!
  expect(changes).toBeGreaterThan(0)

  await cluster.kill(leader!)
  await until('another leader', async () => ![null, leader].includes((await cluster.state(follower)).leader))
  const after = await scrape(follower)
  expect(after.get('synod_leader_changes_total')).toBeGreaterThan(changes)
  expect(after.get('synod_ballot_round')).toBeGreaterThan(followed.get('synod_ballot_round')!)
  expect(after.get(`synod_peer_connected{peer="${leader}"}`)).toBe(0)
  expect(after.get(`synod_peer_dropped_total{peer="${leader}"}`)).toBeGreaterThan(0)
})
