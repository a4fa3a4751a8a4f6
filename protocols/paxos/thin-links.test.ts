/** Lines that carry little: what is asked for too early stands in the way of the answer, which is later still. */
import { expect, it } from 'vitest'
import type { Scenario } from '../../src/sim/scenario.ts'
import type { Paxos } from './paxos.ts'
import { cluster } from './testing/cluster.ts'

const BEHIND = 100
const KEY = 10_000

/** A cluster of which the last member has missed a megabyte, in its keys. */
function laggard(options: Record<string, number>): { s: Scenario<Paxos>; a: string; b: string; c: string } {
  const s = cluster({ durable: true, options: { chunk_bytes: 10 * KEY, ...options } })
  const [a, b, c] = s.start() as [string, string, string]
  s.run(300)
  s.cutOff(c)
  for (let key = 0; key < BEHIND; key++) s.write(a, `${key}`.padStart(KEY, '-'))
  s.run(500)
  s.network.heal()
  return { s, a, b, c }
}

/** Lets the lines to a node carry so much, and adds up what comes there. */
function narrow(s: Scenario<Paxos>, to: string, bytesPerSecond: number, of: (m: Record<string, unknown>) => number) {
  const sent = { total: 0 }
  for (const { name } of s.cluster.members) if (name !== to) s.network.narrow(s.id(name), s.id(to), bytesPerSecond)
  s.admits = (passing) => {
    if (passing.to === to) sent.total += of(passing.message)
    return true
  }
  return sent
}

const slots = ({ votes }: Record<string, unknown>) => (votes === undefined ? 0 : (votes as []).length)

/** How long the line takes for all of it, once. */
const ideal = (rate: number) => (1000 * BEHIND * KEY) / rate

// An answer takes from one heartbeat to thirty.
it.each([1_000_000, 200_000, 100_000, 50_000])(
  'a laggard is told each slot about once, at %d bytes a second',
  (rate) => {
    const { s, c } = laggard({})
    const told = narrow(s, c, rate, slots)
    s.until('all slots', () => s.replica(c).log.executed >= BEHIND, 1.5 * ideal(rate) + 1000)
    expect(told.total).toBeLessThan(1.2 * BEHIND)
  },
)

// A piece takes from one heartbeat to seventeen.
it.each([100_000, 10_000, 6000])('a snapshot arrives, each piece about once, at %d bytes a second', (rate) => {
  const { s, c } = laggard({ retain_bytes: 0 })
  const sent = narrow(s, c, rate, ({ data }) => (data as Uint8Array | undefined)?.length ?? 0)
  s.until('the snapshot', () => s.replica(c).log.executed >= BEHIND, 1.5 * ideal(rate) + 1000)
  expect(sent.total).toBeLessThan(1.2 * BEHIND * KEY)
})

// A part takes up to two heartbeats; none may take longer than the time that elections have.
it.each([1_000_000, 500_000])('a candidate is told no vote over and over, at %d bytes a second', (rate) => {
  const { s, c } = laggard({})
  const told = narrow(s, c, rate, slots)
  s.act(c, ({ election, promised }) => {
    election.campaign(promised)
    election.postpone()
  })
  s.until('a leader', () => s.replica(c).role === 'leader', 2.5 * ideal(rate) + 1000)
  // By each of the two others, at most twice: soon is better where messages are lost.
  expect(told.total).toBeLessThan(2.2 * 2 * BEHIND)
})

it.each([500_000, 200_000, 100_000])(
  'what is proposed over the only line to a quorum goes there about once, at %d bytes a second',
  (rate) => {
    const s = cluster({ durable: true, options: { batch: 1 } })
    const [a, b, c] = s.start() as [string, string, string]
    s.run(300)
    s.process(b).crash()
    const proposed = narrow(s, c, rate, ({ commands }) => (commands === undefined ? 0 : (commands as []).length))
    for (let key = 0; key < BEHIND; key++) {
      s.submit(a, `${key}`.padStart(KEY, '-'), true)
      // Twice as much as the line carries.
      s.run(ideal(rate) / BEHIND / 2)
    }
    s.run(1.5 * ideal(rate) + 1000)
    expect(s.replica(a).log.executed).toBe(BEHIND)
    expect(proposed.total).toBeLessThan(1.5 * BEHIND)
  },
)

it('with thrifty, who fetches a snapshot hears what follows it, however long the way', () => {
  const s = cluster({ durable: true, options: { retain_bytes: 20_000, thrifty: 1 } })
  const [a, , c] = s.start() as [string, string, string]
  s.cutOff(c)
  for (let key = 0; key < 8; key++) s.write(a, `${key}`.padStart(16_000, '-'))
  s.run(1000)
  s.network.heal()
  for (const [from, to] of [
    [a, c],
    [c, a],
  ] as const)
    s.network.slow(s.id(from), s.id(to), 100)
  const downloads = new Set<unknown>()
  s.admits = ({ name, message }) => {
    if (name === 'Download') downloads.add(message.id)
    return true
  }
  for (let write = 0; write < 6000; write++) {
    s.submit(a, 'k', true)
    if (write % 20 === 0) s.run(20)
  }
  expect(s.replica(a).log.executed - s.replica(c).log.executed).toBeLessThan(100)
  expect(downloads.size).toBeLessThan(3)
})
