/**
 * Five real nodes cut 2 | 3 by `/partition`: the three serve; the two say that they cannot, and never answer as if they
 * could; after healing all are one again, with nothing that was acknowledged lost and nothing that was refused done.
 */
import { expect, test } from 'vitest'
import { runProgram, until } from '../support/processes.ts'
import { type Answer, RealCluster } from './cluster.ts'

const FIVE = ['1.1', '1.2', '1.3', '1.4', '1.5']
/** Longer than the test: it ends by healing. */
const SECONDS = 600

async function startFive(): Promise<{ cluster: RealCluster; leader: string }> {
  const cluster = await RealCluster.create(FIVE, { fault_injection: true, timeouts: { request_ms: 1000 } })
  await cluster.startAll('-log_level', 'warning')
  return { cluster, leader: await cluster.leader(FIVE) }
}

async function cmd(cluster: RealCluster, ...words: string[]) {
  const { code, stdout } = await runProgram('cmd', ['-config', cluster.configFile, ...words])
  return { code, out: stdout.trimEnd() }
}

async function cut(cluster: RealCluster, minority: readonly string[]): Promise<void> {
  for (const id of FIVE) {
    const { status } = await cluster.ask(id, 'POST', `/partition?t=${SECONDS}&ids=${minority.join(',')}`)
    expect(status).toBe(200)
  }
}

/** A write and a read at each of these nodes, all at once. */
function askAll(cluster: RealCluster, ids: readonly string[], value: string): Promise<Answer[]> {
  return Promise.all(
    ids.flatMap((id) => [cluster.ask(id, 'PUT', '/1', `${value} of ${id}`), cluster.ask(id, 'GET', '/1')]),
  )
}

const statusesOf = (answers: readonly Answer[]) => new Set(answers.map(({ status }) => status))

test.each([
  ['with the old leader', true],
  ['without the leader', false],
])('the minority %s', async (_what, withLeader) => {
  const { cluster, leader } = await startFive()
  const others = FIVE.filter((id) => id !== leader)
  const minority = withLeader ? [leader, others[0]!] : others.slice(0, 2)
  const majority = FIVE.filter((id) => !minority.includes(id))
  expect((await cluster.ask(leader, 'PUT', '/1', 'before')).status).toBe(200)
  await cut(cluster, minority)

  // At once: the old leader may propose what no quorum will take, so that its outcome is unknown.
  const early = await askAll(cluster, minority, 'early')
  expect([...statusesOf(early)].filter((status) => status !== 503 && status !== 504)).toEqual([])
  const successor = await cluster.leader(majority)
  if (withLeader) expect(successor).not.toBe(leader)
  else expect(successor).toBe(leader)
  await cluster.ready(majority)

  for (const [round, id] of majority.entries()) {
    const [late, served, read] = await Promise.all([
      askAll(cluster, minority, `late ${round}`),
      cluster.ask(id, 'PUT', '/2', `by ${id}`),
      cluster.ask(id, 'GET', '/1'),
    ])
    expect([served.status, read.status]).toEqual([200, 200])
    expect([...statusesOf(late)].filter((status) => status !== 503 && status !== 504)).toEqual([])
    for (const { body } of late) expect(body).toMatch(/^[^\n]+\n$/)
  }
  // By now they know that they have no quorum, and say so before they propose anything.
  await until('the minority refuses for certain', async () => {
    const answers = await askAll(cluster, minority, 'refused')
    expect(statusesOf(answers)).not.toContain(200)
    return answers.every(({ status }) => status === 503)
  })
  expect(await cmd(cluster, 'consensus', '2')).toMatchObject({ code: 1, out: 'false' })
  const decided = (await cluster.ask(successor, 'GET', '/1')).body

  expect((await cmd(cluster, 'heal')).out.match(/healed: partition/g)).toHaveLength(5)
  await cluster.converged(FIVE)
  for (const key of ['1', '2']) expect(await cmd(cluster, 'consensus', key)).toEqual({ code: 0, out: 'true' })
  for (const id of FIVE) {
    expect((await cluster.ask(id, 'GET', '/2')).body).toBe(`by ${majority.at(-1)}`)
    // What was of unknown outcome may have been done since; what was refused for certain never.
    expect([decided, ...unknownOf(early, minority)]).toContain((await cluster.ask(id, 'GET', '/1')).body)
  }
})

/** The values of early writes whose outcome is unknown. */
function unknownOf(early: readonly Answer[], minority: readonly string[]): string[] {
  return minority.filter((_, index) => early[2 * index]!.status === 504).map((id) => `early of ${id}`)
}
