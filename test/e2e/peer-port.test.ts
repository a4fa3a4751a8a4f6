/** The port for other nodes, reached by others: each is turned away, and none of them harms or helps the cluster. */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Introduction } from '../../src/runtime/handshake.ts'
import { temporaryDirectory, until } from '../support/processes.ts'
import { type Attack, frame, MEMBERS, STRANGERS } from './attacks.ts'
import { RealCluster } from './cluster.ts'
import { overhear, Stranger } from './stranger.ts'

const THREE = ['1.1', '1.2', '1.3']
const SECRET = 'known to the nodes alone'

/** How long a node listens to one who does not introduce himself (`connect_ms`), and some for a busy machine. */
const PATIENCE_MS = 1000 + 1500
const AT_ONCE_MS = 700
const FLOOD = 2000
const BATCH = 40
const GROWTH_BYTES = 50 * 1024 * 1024

/** Memory of a process, as the system counts it. */
function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1024
}

/** A cluster with a secret whose third node is dead; a stranger may take its name. */
class Target {
  readonly cluster: RealCluster
  /** What 1.3 would say of itself. */
  readonly self: Introduction

  private constructor(cluster: RealCluster, self: Introduction) {
    this.cluster = cluster
    this.self = self
  }

  static async start(timeouts: object = {}): Promise<Target> {
    const cluster = await RealCluster.create(THREE, { secret: SECRET, timeouts })
    await cluster.startAll()
    await cluster.kill('1.3')
    // The language is what the others say themselves: no need to know how it is made.
    const { cluster: name, language, version } = await overhear(cluster.peerPort('1.3'))
    expect(version).toBe(1)
    await cluster.leader(['1.1', '1.2'])
    return new Target(cluster, { cluster: name, language, name: '1.3', incarnation: 1, secret: SECRET })
  }

  dial(): Stranger {
    return new Stranger(this.cluster.peerPort('1.1'))
  }

  /** The processes live, the cluster serves, and a write through one node is read through the other. */
  async serves(value: string): Promise<void> {
    expect(this.cluster.alive).toEqual(['1.1', '1.2'])
    const { status } = await this.cluster.ask('1.1', 'PUT', '/1', value)
    expect([status, (await this.cluster.ask('1.2', 'GET', '/1')).body]).toEqual([200, value])
  }
}

describe.sequential('the peer port', () => {
  test('turns strangers away at once, and serves on', async () => {
    const target = await Target.start()
    for (const [name, attack] of STRANGERS) {
      const stranger = target.dial()
      await stranger.challenge
      const admitted = await attack(stranger, target.self)
      expect(await stranger.endsWithin(AT_ONCE_MS), `${name}: closed at once`).toBe(true)
      expect(admitted ?? false, name).toBe(false)
      await target.serves(name)
    }
    // The control: with everything right it is let in, so it was the one wrong thing each time.
    const right = target.dial()
    expect(await right.introduce(target.self, '1.1')).toBe(true)
    right.close()
    await target.serves('the end')
  })

  test('gives up those who say nothing, or not all of it', async () => {
    const target = await Target.start()
    const silent = target.dial()
    const half = target.dial()
    half.send(Uint8Array.of(200, 0, 0, 0, 2, 0, 1, 2, 3))
    const drip = target.dial()
    const ticks = setInterval(() => drip.send(Uint8Array.of(0)), 100)
    drip.send(Uint8Array.of(200, 0, 0, 0, 2, 0))
    const ends = await Promise.all([silent, half, drip].map((stranger) => stranger.endsWithin(PATIENCE_MS)))
    clearInterval(ticks)
    expect(ends).toEqual([true, true, true])
    await target.serves('the end')
  })

  test('turns a member away that says what is no message, and lets the member in again', async () => {
    const target = await Target.start()
    for (const [name, bytes] of MEMBERS) {
      const member = target.dial()
      expect(await member.introduce(target.self, '1.1'), name).toBe(true)
      member.send(bytes)
      expect(await member.endsWithin(AT_ONCE_MS), `${name}: closed at once`).toBe(true)
      await target.serves(name)
    }
    const truncated = target.dial()
    expect(await truncated.introduce(target.self, '1.1')).toBe(true)
    truncated.send(frame(1, Buffer.alloc(100)).subarray(0, 50))
    truncated.socket.end()
    expect(await truncated.endsWithin(AT_ONCE_MS)).toBe(true)
    await target.serves('truncated')
    target.cluster.start('1.3')
    await until('1.3 is a member again', async () => (await target.cluster.state('1.3')).memory === 'kept')
    await target.cluster.converged(THREE)
  })

  test('does not let a hello in that was made for another node', async () => {
    // With patience for the stranger: otherwise it might be the time that turns it away.
    const target = await Target.start({ connect_ms: 30_000 })
    const stranger = target.dial()
    // The stranger lets 1.2, which dials the dead 1.3, answer the challenge that 1.1 gave to the stranger.
    const nonce = await stranger.challenge
    let borrowed = await overhear(target.cluster.peerPort('1.3'), nonce)
    while (borrowed.from !== '1.2') borrowed = await overhear(target.cluster.peerPort('1.3'), nonce)
    const self = { ...target.self, name: '1.2' }
    expect(stranger.socket.destroyed).toBe(false)
    expect(await stranger.introduce(self, '1.1', { ...borrowed, to: '1.1' })).toBe(false)
    expect(await stranger.endsWithin(AT_ONCE_MS)).toBe(true)
    await target.serves('the end')
  })

  test(`survives ${FLOOD} bad connections with flat memory`, async () => {
    const target = await Target.start()
    const { pid } = target.cluster.program('1.1')
    const attacks: readonly Attack[] = [
      ...STRANGERS.map(([, attack]) => attack),
      ...MEMBERS.map(
        ([, bytes]): Attack =>
          async (stranger, self) => {
            if (await stranger.introduce(self, '1.1')) stranger.send(bytes)
            return undefined
          },
      ),
    ]
    const flood = async (count: number) => {
      for (let done = 0; done < count; done += BATCH) {
        const batch = Array.from({ length: BATCH }, async (_, i) => {
          const stranger = target.dial()
          await attacks[(done + i) % attacks.length]!(stranger, target.self)
          expect(await stranger.endsWithin(PATIENCE_MS)).toBe(true)
        })
        await Promise.all(batch)
        await target.serves(`after ${done}`)
      }
    }
    await flood(10 * BATCH)
    const before = residentBytes(pid)
    await flood(FLOOD)
    expect(residentBytes(pid) - before).toBeLessThan(GROWTH_BYTES)
    expect((await target.cluster.state('1.1')).leader).not.toBe('1.3')
  })

  test('whole nodes with another secret or of another cluster are part of no quorum', async () => {
    const cluster = await RealCluster.create(THREE, { secret: SECRET, timeouts: { request_ms: 1000 } })
    const { address, http_address } = addressesOf(cluster)
    const stranger = join(temporaryDirectory(), 'secret.json')
    writeFileSync(stranger, JSON.stringify({ address, http_address, secret: 'another one' }))
    const foreigner = join(temporaryDirectory(), 'cluster.json')
    writeFileSync(foreigner, JSON.stringify({ address, http_address, secret: SECRET, cluster: 'other' }))
    cluster.start('1.1')
    cluster.start('1.2')
    for (const config of [stranger, foreigner]) {
      cluster.start('1.3', '-config', config)
      await allUp(cluster)
      // As long as a request waits: time enough for nodes that would let each other in.
      const answers = await Promise.all(THREE.map((id) => cluster.ask(id, 'PUT', '/1', 'x')))
      expect(answers.map(({ status }) => status)).toEqual([503, 503, 503])
      for (const id of ['1.1', '1.2']) {
        expect(await cluster.ask(id, 'GET', '/health/ready')).toMatchObject({ status: 503, body: 'waiting for 1.3\n' })
      }
      await cluster.kill('1.3')
    }
    cluster.start('1.3')
    await cluster.ready(THREE)
    expect((await cluster.ask('1.1', 'PUT', '/1', 'right')).status).toBe(200)
    // Now with one right node left and two strangers in the places of the others.
    for (const id of ['1.2', '1.3']) await cluster.kill(id)
    cluster.start('1.2', '-config', stranger)
    cluster.start('1.3', '-config', stranger)
    await allUp(cluster)
    await until('1.1 has no leader', async () => (await cluster.state('1.1')).leader === null)
    const answers = await Promise.all(THREE.map((id) => cluster.ask(id, 'PUT', '/1', 'wrong')))
    expect(answers[0]!.status).toBe(503)
    expect(answers.map(({ status }) => status)).not.toContain(200)
    expect(await cluster.state('1.1')).toMatchObject({ ready: false, leader: null, keys: 1 })
  })
})

async function allUp(cluster: RealCluster): Promise<void> {
  for (const id of cluster.ids) {
    await until(`${id} is up`, async () => (await cluster.ask(id, 'GET', '/health')).status === 200)
  }
}

function addressesOf(cluster: RealCluster) {
  const address = Object.fromEntries(cluster.ids.map((id) => [id, `tcp://127.0.0.1:${cluster.peerPort(id)}`]))
  return { address, http_address: cluster.nodes }
}
