/** Reads beside the log, where a scenario in text cannot go: forged answers, other quorums, and nodes that sleep. */
import { describe, expect, it } from 'vitest'
import { counted } from '#core'
import { type Pending, Scenario } from '../../src/sim/scenario.ts'
import protocol from './index.ts'
import * as messages from './messages.ts'
import { Paxos } from './paxos.ts'
import { cluster, ending, FIVE, lead } from './testing/cluster.ts'

/** What a read was told, as text. */
function told({ outcome }: Pending): string | null {
  return outcome?.ok && outcome.result.value ? new TextDecoder().decode(outcome.result.value) : null
}

describe.each(['leader', 'quorum'] as const)('a read of %s', (path) => {
  it('at a leader that has slept through an election sees what was written meanwhile, or is refused', () => {
    const s = cluster()
    const [a, b] = s.start() as [string, string, string]
    s.write(a, 'k')
    s.process(a).pause()
    lead(s, b)
    s.write(b, 'k')
    const reads = [1, 2, 3].map(() => s.submit(a, 'k', false, path))
    s.run(2000)
    s.process(a).resume()
    s.until('answers', () => reads.every(({ outcome }) => outcome !== undefined))
    for (const read of reads) expect([null, 'v2']).toContain(told(read))
    expect(s.read(a, 'k', 5000, path)).toBe('v2')
    s.judge()
  })

  it('asks a quorum of the phase whose votes it is about', () => {
    const wide: typeof protocol = {
      ...protocol,
      create: (node, options) => new Paxos(node, options, counted(node.cluster, 4, 2)),
    }
    const s = new Scenario<Paxos>({ protocol: wide, messages, nodes: FIVE })
    const [a, , ...others] = s.start() as [string, string, ...string[]]
    s.write(a, 'k')
    for (const name of others) s.process(name).crash()
    // Two confirm a ballot here, and four tell how far votes go.
    const read = s.submit(a, 'k', false, path)
    s.run(500)
    expect(ending(read)).toBe(path === 'leader' ? 'ok' : 'open')
    s.judge()
  })
})

it('an answer to another question, or with an absurd slot, is none', () => {
  const s = cluster()
  const [a, b, c] = s.start() as [string, string, string]
  s.write(a, 'k')
  s.cutOff(c)
  const read = s.submit(c, 'k', false, 'quorum')
  s.run(1)
  const { number } = s.replica(c).reads.surveying
  expect(number).toBeGreaterThan(0)
  for (const round of [1, number - 1, number + 1]) s.forge(b, c, messages.Surveyed, { round, end: 0 })
  s.forge(b, c, messages.Surveyed, { round: number, end: 2 ** 50 })
  expect(ending(read)).toBe('open')
  s.network.heal()
  s.until('an answer', () => read.outcome !== undefined)
  expect(told(read)).toBe('v1')
  s.judge()
})

it('rounds of a quorum read begin elsewhere in each life', () => {
  const s = cluster({ durable: true })
  const [, b] = s.start() as [string, string]
  const numbers = [1, 2].map(() => {
    s.read(b, 'k', 5000, 'quorum')
    const { number } = s.replica(b).reads.surveying
    s.process(b).crash()
    s.process(b).boot()
    s.until('its start', () => s.process(b).node?.memory === 'kept')
    return number
  })
  expect(Math.abs(numbers[0]! - numbers[1]!)).toBeGreaterThan(1000)
})

it('a write that asks for a read path is a write: it goes through the log', () => {
  const s = cluster()
  const [a] = s.start() as [string]
  const write = s.submit(a, 'k', true, 'leader')
  s.until('an answer', () => write.outcome !== undefined)
  expect(s.read(a, 'k')).toBe('v1')
  s.judge()
})
