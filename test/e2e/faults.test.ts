/** Faults on real servers, by `cmd`: what it says, what they do to the cluster, and that each ends by itself. */
import { expect, test } from 'vitest'
import { runProgram, until } from '../support/processes.ts'
import { RealCluster } from './cluster.ts'

const THREE = ['1.1', '1.2', '1.3']

/** Long enough for the statements in between, however slow the machine. */
const LONG = '600'

async function startThree(keys: object = {}) {
  const cluster = await RealCluster.create(THREE, { fault_injection: true, ...keys })
  await cluster.startAll()
  const cmd = async (...words: string[]) => {
    const { code, stdout, stderr } = await runProgram('cmd', ['-config', cluster.configFile, ...words])
    return { code, out: stdout.trimEnd(), note: stderr.trimEnd() }
  }
  return { cluster, cmd }
}

test('a partition cuts both ways; healing another fault leaves it, healing it joins the sides again', async () => {
  const { cluster, cmd } = await startThree()
  const leader = await cluster.leader(THREE)
  const rest = THREE.filter((id) => id !== leader)
  const [a, b] = rest as [string, string]
  expect(await cmd('partition', LONG, leader)).toEqual({
    code: 0,
    out: `${leader} cut off from ${rest.join(', ')} for 600 seconds`,
    note: '',
  })
  expect(await cmd('slow', a, b, '1', LONG)).toMatchObject({ code: 0 })
  const next = await cluster.leader(rest)
  expect(next).not.toBe(leader)
  expect((await cmd('-id', next, 'put', '1', 'beyond')).code).toBe(0)
  // The minority has no quorum: it must not serve what it had.
  expect((await cmd('-id', leader, 'get', '1')).code).toBe(1)
  expect((await cmd('consensus', '1')).code).toBe(1)
  const healed = await cmd('heal', 'slow')
  expect(healed).toMatchObject({
    code: 0,
    out: expect.stringMatching(`^${a} healed: slow ${b}, 1 ms, [0-9.]+ s left$`),
  })
  const { out: state } = await cmd('state')
  expect(state.match(/^\d\.\d fault: partition/gm)).toHaveLength(3)
  expect(state).not.toContain('slow')
  expect((await cmd('heal')).out.match(/healed: partition/g)).toHaveLength(3)
  await cluster.converged()
  expect(await cmd('-id', leader, 'get', '1')).toEqual({ code: 0, out: 'beyond', note: '' })
  expect(await cmd('heal')).toEqual({ code: 0, out: 'there was no fault to heal', note: '' })
})

test('crash, flaky and drop end by themselves, and nothing that was acknowledged is lost', async () => {
  const { cluster, cmd } = await startThree()
  const leader = await cluster.leader(THREE)
  const [a, b] = THREE.filter((id) => id !== leader) as [string, string]
  expect((await cmd('-id', leader, 'put', '1', 'kept')).code).toBe(0)
  expect((await cmd('crash', leader, '1')).out).toBe(`${leader} is down for 1 second`)
  expect((await cmd('flaky', a, b, '0.3', '1')).code).toBe(0)
  expect((await cmd('drop', b, a, '1')).code).toBe(0)
  await until('all faults are over', async () => !(await cmd('state')).out.includes('fault:'))
  await cluster.ready()
  await cluster.converged()
  for (const id of THREE) expect(await cmd('-id', id, 'get', '1')).toMatchObject({ code: 0, out: 'kept' })
})

test('a slow link is felt by who needs it', async () => {
  const { cluster, cmd } = await startThree({ timeouts: { request_ms: 5000 } })
  const leader = await cluster.leader(THREE)
  const others = THREE.filter((id) => id !== leader)
  for (const id of others) expect((await cmd('slow', leader, id, '150', LONG)).code).toBe(0)
  const startedAt = performance.now()
  expect((await cluster.ask(leader, 'PUT', '/1', 'x')).status).toBe(200)
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(149)
})

test('without fault_injection cmd says so and fails', async () => {
  const cluster = await RealCluster.create(['1.1', '1.2'])
  await cluster.startAll()
  for (const words of [
    ['crash', '1.1', '1'],
    ['heal', '1.1'],
    ['partition', '1', '1.2'],
  ]) {
    const { code, stdout, stderr } = await runProgram('cmd', ['-config', cluster.configFile, ...words])
    expect([code, `${stdout}${stderr}`], words[0]).toEqual([1, expect.stringContaining('fault injection is off')])
  }
})
