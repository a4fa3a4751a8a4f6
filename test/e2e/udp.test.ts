/** Servers over UDP: both protocols serve and agree, values beyond a datagram included; strangers change nothing. */
import { createSocket } from 'node:dgram'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runProgram, temporaryDirectory, until } from '../support/processes.ts'
import { RealCluster } from './cluster.ts'

const THREE = ['1.1', '1.2', '1.3']

describe.each(['paxos', 'abd'])('%s over UDP', (algorithm) => {
  test('serves, loses nothing, and its history is linearizable', async () => {
    const cluster = await RealCluster.create(THREE, { secret: 'known to nodes' })
    await cluster.startAll('-algorithm', algorithm, '-transport', 'udp')
    // Longer than any datagram: it travels by TCP, and still takes part.
    const large = 'x'.repeat(200_000)
    expect((await cluster.ask('1.1', 'PUT', '/900', large)).status).toBe(200)
    expect((await cluster.ask('1.2', 'GET', '/900')).body).toBe(large)
    const bconfig = join(temporaryDirectory(), 'benchmark.json')
    const workload = { T: 0, N: 600, K: 20, W: 0.5, Concurrency: 4, LinearizabilityCheck: true }
    writeFileSync(bconfig, JSON.stringify(workload))
    const { code, stdout, stderr } = await runProgram('client', ['-config', cluster.configFile, '-bconfig', bconfig])
    expect(code, stderr).toBe(0)
    expect(stdout).toContain('The execution is linearizable.\n')
    if (algorithm === 'paxos') await cluster.converged()
  })
})

test('datagrams of strangers are dropped and counted, and the cluster serves on', async () => {
  const cluster = await RealCluster.create(THREE)
  await cluster.startAll('-transport', 'udp')
  const rejected = async () => ((await cluster.state('1.1')) as unknown as { rejected: number }).rejected
  expect(await rejected()).toBe(0)
  const socket = createSocket('udp4')
  for (let count = 0; count < 50; count++)
    socket.send(Buffer.alloc(count * 20, count), cluster.peerPort('1.1'), '127.0.0.1')
  await until('they are counted', async () => (await rejected()) === 50)
  socket.close()
  expect((await cluster.ask('1.1', 'PUT', '/1', 'still')).status).toBe(200)
  expect((await cluster.ask('1.2', 'GET', '/1')).body).toBe('still')
})
