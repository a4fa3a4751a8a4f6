/** Every fault strikes while operations are in flight, can be undone, and says beforehand where it cannot strike. */
import { describe, expect, it } from 'vitest'
import paxos from '../../../protocols/paxos/index.ts'
import { NEMESES, run } from '../index.ts'
import { setStage } from '../stage.ts'

const stage = (layout: string, durable = true) =>
  setStage({ protocol: paxos, seed: 1, layout, durable, faults: ['overload'] }).arena

describe('each fault', () => {
  it.each([...NEMESES.keys()])('%s lands in a run that nothing else disturbs, and honest nodes stand it', (name) => {
    const layout = name === 'partition-zone' ? '3x1' : '1x5'
    const { violation, invalid, faults } = run({ protocol: paxos, seed: 3, layout, durable: true, faults: [name] })
    expect([violation, invalid]).toEqual([null, null])
    expect(faults[name]).toBeGreaterThan(0)
  })
})

it('a node alone has no network, and one that cannot forget all may not lose all', () => {
  const impossible = (layout: string, durable: boolean) => {
    const arena = stage(layout, durable)
    for (const process of arena.processes) process.boot()
    return [...NEMESES.values()].filter(({ applies }) => applies && !applies(arena)).map(({ name }) => name)
  }
  expect(impossible('1x5', true)).toEqual(['partition-zone'])
  const disks = [
    'wipe',
    'relapse',
    'stale-disk',
    'torn-tail',
    'bit-flip',
    'zeroed-sector',
    'failed-sync',
    'disk-error',
    'full-disk',
    'slow-disk',
  ]
  expect(impossible('1x3', false)).toEqual(
    ['partition-zone', 'partition-ring', 'partition-4-2-5-3', 'crash-all', ...disks].sort(
      (a, b) => [...NEMESES.keys()].indexOf(a) - [...NEMESES.keys()].indexOf(b),
    ),
  )
  const alone = impossible('1x1', true)
  expect(alone).toContain('drop')
  expect(alone).toEqual(expect.arrayContaining(['wipe', 'bit-flip', 'zeroed-sector']))
  expect(alone).not.toContain('crash-one')
  expect(alone).not.toContain('pause')
})

describe('partial partitions', () => {
  /** Of each node by its name the names of those that it reaches in both directions. */
  function reached(name: string): Map<string, string> {
    const { arena } = setStage({ protocol: paxos, seed: 2, layout: '1x5', faults: [] })
    NEMESES.get(name)!.strike(arena)
    const { members } = arena.cluster
    const joined = (a: number, b: number) =>
      a !== b && !arena.network.isCut(members[a]!, members[b]!) && !arena.network.isCut(members[b]!, members[a]!)
    return new Map(members.map(({ name }, a) => [name, `${members.filter((_, b) => joined(a, b)).length}`]))
  }
  const degrees = (name: string) => [...reached(name).values()].sort().join('')

  it('have the shapes they are named for', () => {
    expect({
      star: degrees('partition-star'),
      chain: degrees('partition-chain'),
      ring: degrees('partition-ring'),
      bridge: degrees('partition-bridge'),
      '4-2-5-3': degrees('partition-4-2-5-3'),
      cloudflare: degrees('partition-cloudflare'),
    }).toEqual({
      star: '11114',
      chain: '11222',
      ring: '22222',
      bridge: '22224',
      '4-2-5-3': '11233',
      cloudflare: '33444',
    })
  })
})

it('an overload is refused definitely', () => {
  const { totals, violation } = run({ protocol: paxos, seed: 3, layout: '1x3', faults: ['overload'] })
  expect(violation).toBeNull()
  expect(totals.refused).toBeGreaterThan(20)
})

it('a run whose fault could never strike while operations were in flight is invalid', () => {
  const { invalid } = run({ protocol: paxos, seed: 3, layout: '1x3', faults: ['pause'], durable: true })
  expect(invalid).toBeNull()
  const idle = { name: 'idle', strike: () => null }
  ;(NEMESES as Map<string, typeof idle>).set('idle', idle)
  try {
    const report = run({ protocol: paxos, seed: 3, layout: '1x3', faults: ['idle'], durable: true })
    expect(report.invalid).toBe('drawn, and never struck while operations were in flight: idle')
  } finally {
    ;(NEMESES as Map<string, unknown>).delete('idle')
  }
})
