/**
 * Quorum systems against enumeration: every subset of every zone layout of up to nine nodes, judged by predicates
 * over bit sets that share no code with the sources.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SynodError } from '../errors.ts'
import { Cluster, type NodeId } from '../node-id.ts'
import {
  all,
  counted,
  fast,
  flexibleGrid,
  grid,
  majority,
  type Quorum,
  type QuorumSpec,
  type QuorumSystem,
  quorumSystem,
  wpaxos,
  type ZonePhase,
  zoned,
  zoneMajority,
} from './index.ts'

/** A family of subsets, as a predicate over bit sets of member indexes. */
type Family = (set: number) => boolean
/** The sizes of a cluster's zones. */
type Layout = readonly number[]

function clusterOf(layout: Layout): Cluster {
  return new Cluster(
    layout.flatMap((size, zone) => Array.from({ length: size }, (_, node) => `${zone + 1}.${node + 1}`)),
  )
}

/** Every way to split up to `most` nodes into zones, sizes descending. */
function layouts(most: number): Layout[] {
  const split = (left: number, largest: number): Layout[] => {
    if (left === 0) return [[]]
    const ways: Layout[] = []
    for (let size = Math.min(left, largest); size >= 1; size--)
      for (const rest of split(left - size, size)) ways.push([size, ...rest])
    return ways
  }
  return Array.from({ length: most }, (_, n) => split(n + 1, n + 1)).flat()
}

function bitsIn(set: number): number {
  let count = 0
  for (let rest = set; rest !== 0; rest &= rest - 1) count++
  return count
}

function atLeast(need: number): Family {
  return (set) => bitsIn(set) >= need
}

function byZone(layout: Layout, need: (size: number) => number, zones: number): Family {
  let start = 0
  const masks = layout.map((size) => {
    const mask = ((1 << size) - 1) << start
    start += size
    return { mask, need: need(size) }
  })
  return (set) => masks.filter((zone) => bitsIn(set & zone.mask) >= zone.need).length >= zones
}

/** Whether some member of `first` misses some member of `second`, or one of the two is empty, by trying all subsets. */
function refused(n: number, first: Family, second: Family): boolean {
  const full = (1 << n) - 1
  if (!first(full) || !second(full)) return true
  for (let set = 0; set <= full; set++) if (first(set) && second(full & ~set)) return true
  return false
}

function membersIn(cluster: Cluster, set: number): NodeId[] {
  return cluster.members.filter(({ index }) => (set & (1 << index)) !== 0)
}

/** Compares `quorum` with `family` over all subsets, and checks `smallest` and that it is monotone. */
function expectFamily(cluster: Cluster, quorum: Quorum, family: Family): void {
  let smallest = Number.POSITIVE_INFINITY
  const minimal: number[] = []
  for (let set = 0; set < 1 << cluster.size; set++) {
    const members = membersIn(cluster, set)
    const expected = family(set)
    const tally = quorum.tally()
    const firsts = members.filter((id) => tally.ack(id)).length
    if (quorum.includes(members) !== expected || tally.stands !== expected || firsts !== Number(expected))
      expect.fail(`${quorum.name} is wrong about ${members.map((id) => id.name)}: expected ${expected}`)
    if (!expected) continue
    smallest = Math.min(smallest, members.length)
    if (members.every((id) => !family(set & ~(1 << id.index)))) minimal.push(set)
  }
  expect(quorum.smallest).toBe(smallest)
  for (const set of minimal)
    for (const gone of membersIn(cluster, set))
      if (quorum.includes(membersIn(cluster, set & ~(1 << gone.index)))) expect.fail(`${quorum.name} is not minimal`)
}

function expectSystem(cluster: Cluster, system: QuorumSystem, first: Family, second: Family): void {
  const names = cluster.members.map((id) => id.name)
  expect(refused(cluster.size, first, second), `${system.name} of ${names}`).toBe(false)
  expectFamily(cluster, system.phase1, first)
  if (system.phase2 !== system.phase1) expectFamily(cluster, system.phase2, second)
}

function refuses(make: () => unknown): boolean {
  try {
    make()
    return false
  } catch (error) {
    if (error instanceof SynodError && error.code === 'config') return true
    throw error
  }
}

const half = (size: number) => (size >> 1) + 1
const LAYOUTS = layouts(9)

describe('quorums by number', () => {
  it.each(Array.from({ length: 9 }, (_, i) => i + 1))('are what enumeration says for %i nodes', (n) => {
    const cluster = clusterOf([n])
    expectSystem(
      cluster,
      majority(cluster),
      (set) => 2 * bitsIn(set) > n,
      (set) => 2 * bitsIn(set) > n,
    )
    expectSystem(cluster, all(cluster), atLeast(n), atLeast(n))
    for (let q1 = -1; q1 <= n + 1; q1++)
      for (let q2 = -1; q2 <= n + 1; q2++) {
        const impossible = q1 < 1 || q2 < 1 || refused(n, atLeast(q1), atLeast(q2))
        expect(
          refuses(() => counted(cluster, q1, q2)),
          `${q1} and ${q2} of ${n}`,
        ).toBe(impossible)
        if (!impossible) expectSystem(cluster, counted(cluster, q1, q2), atLeast(q1), atLeast(q2))
      }
  })

  it('refuse sizes that are no integers', () => {
    for (const size of [1.5, Number.NaN, Number.POSITIVE_INFINITY])
      expect(refuses(() => counted(clusterOf([3]), size, 3))).toBe(true)
  })

  it("have EPaxos's sizes", () => {
    const sizes = [1, 3, 5, 7, 9].map((n) => fast(clusterOf([n])))
    expect(sizes.map((system) => system.fast.smallest)).toEqual([1, 2, 3, 5, 6])
    expect(sizes.map((system) => system.phase1.smallest)).toEqual([1, 2, 3, 4, 5])
    expect(sizes.map((system) => system.phase2.smallest)).toEqual([1, 2, 3, 4, 5])
  })

  it('keep what EPaxos* needs of e and f, for odd and even clusters', () => {
    for (let n = 1; n <= 40; n++) {
      const cluster = clusterOf([n])
      const system = fast(cluster)
      const e = n - system.fast.smallest
      const f = n - system.phase1.smallest
      expect(n).toBeGreaterThanOrEqual(Math.max(2 * e + f - 1, 2 * f + 1))
      if (n <= 9) {
        expectFamily(cluster, system.fast, atLeast(n - e))
        expect(refused(n, atLeast(n - e), atLeast(n - f))).toBe(false)
        expectSystem(cluster, system, atLeast(n - f), atLeast(n - f))
      }
    }
  })
})

describe('quorums by zone', () => {
  it('are what enumeration says, in every layout of up to nine nodes', () => {
    for (const layout of LAYOUTS) {
      const cluster = clusterOf(layout)
      const z = layout.length
      const row = byZone(layout, () => 1, z)
      const column = byZone(layout, (size) => size, 1)
      expectSystem(cluster, grid(cluster), row, column)
      expectSystem(cluster, grid(cluster, 'column'), column, row)
      expectSystem(cluster, zoneMajority(cluster), byZone(layout, half, half(z)), byZone(layout, half, half(z)))
      for (let fz = 0; fz < z; fz++) {
        const fn = (size: number) => Math.floor((size - 1) / 2)
        const phase1 = byZone(layout, (size) => fn(size) + 1, z - fz)
        const phase2 = byZone(layout, (size) => size - fn(size), fz + 1)
        expectSystem(cluster, wpaxos(cluster, fz), phase1, phase2)
        expectSystem(cluster, flexibleGrid(cluster, fz), byZone(layout, half, z - fz), byZone(layout, half, fz + 1))
      }
    }
  })

  it('refuse fz beyond the zones', () => {
    for (const make of [wpaxos, flexibleGrid])
      for (const fz of [-1, 0.5, 3, 4, Number.NaN]) expect(refuses(() => make(clusterOf([2, 2, 2]), fz))).toBe(true)
  })

  it('are refused by arithmetic exactly where enumeration refuses them', () => {
    const counts = { refused: 0, accepted: 0 }
    const phasesOf = (layout: Layout): (ZonePhase & { nodes: number })[] => {
      const [largest = 1] = layout
      const phases = []
      for (let nodes = 1; nodes <= Math.min(largest + 1, 9); nodes++)
        for (let zones = 1; zones <= layout.length; zones++) phases.push({ nodes, zones })
      return phases
    }
    for (const layout of LAYOUTS) {
      const cluster = clusterOf(layout)
      for (const a of phasesOf(layout))
        for (const b of phasesOf(layout)) {
          const impossible = refused(
            cluster.size,
            byZone(layout, () => a.nodes, a.zones),
            byZone(layout, () => b.nodes, b.zones),
          )
          counts[impossible ? 'refused' : 'accepted']++
          if (refuses(() => zoned(cluster, a, b)) !== impossible)
            expect.fail(`${layout}: ${a.nodes}×${a.zones} and ${b.nodes}×${b.zones}: expected ${impossible}`)
        }
    }
    expect(counts.refused).toBeGreaterThan(1000)
    expect(counts.accepted).toBeGreaterThan(1000)
  })

  it('say what they are', () => {
    const cluster = clusterOf([3, 3, 2])
    expect(wpaxos(cluster, 1).phase1.name).toBe('1 to 2 of each of 2 of 3 zones')
    expect(flexibleGrid(cluster, 1).phase2.name).toBe('2 of each of 2 of 3 zones')
    expect(majority(cluster).phase1.name).toBe('5 of 8')
  })
})

describe('tallies', () => {
  const systems: [string, (cluster: Cluster) => QuorumSystem][] = [
    ['majority', majority],
    ['fast', (cluster) => ({ ...fast(cluster), phase1: fast(cluster).fast })],
    ['grid', grid],
    ['wpaxos', (cluster) => wpaxos(cluster, Math.floor(cluster.zones.size / 2))],
  ]
  const layout = fc.array(fc.integer({ min: 1, max: 24 }), { minLength: 1, maxLength: 4, size: 'max' })

  it.each(systems)('of %s agree with `includes` at every step, on both sides of 32 members', (_, make) => {
    fc.assert(
      fc.property(layout, fc.array(fc.nat(), { maxLength: 250, size: 'max' }), (sizes, picks) => {
        const cluster = clusterOf(sizes)
        for (const quorum of [make(cluster).phase1, make(cluster).phase2]) {
          const tally = quorum.tally()
          const counted = new Set<NodeId>()
          for (const pick of picks) {
            const id = cluster.at(pick % cluster.size)
            const before = quorum.includes(counted)
            expect(tally.has(id)).toBe(counted.has(id))
            counted.add(id)
            expect(tally.ack(id)).toBe(!before && quorum.includes(counted))
            expect(tally.has(id)).toBe(true)
            expect(tally.stands).toBe(quorum.includes(counted))
          }
        }
      }),
    )
  })

  it('count a member once, though it acks again after the quorum stands', () => {
    const cluster = clusterOf([5])
    const tally = majority(cluster).phase2.tally()
    expect([0, 0, 0, 1, 1, 2, 2, 3, 4, 0].map((index) => tally.ack(cluster.at(index)))).toEqual([
      false,
      false,
      false,
      false,
      false,
      true,
      false,
      false,
      false,
      false,
    ])
  })

  it.each([31, 32, 33, 64, 65, 4096])('tell %i members apart', (n) => {
    for (const zones of [[n], [1, n - 1]]) {
      const cluster = clusterOf(zones)
      for (const quorum of [all(cluster).phase2, flexibleGrid(cluster, zones.length - 1).phase2]) {
        const tally = quorum.tally()
        const order = cluster.members.toReversed()
        for (const id of order) {
          expect(tally.has(id)).toBe(false)
          tally.ack(id)
        }
        expect(tally.stands).toBe(true)
        expect(order.every((id) => tally.has(id))).toBe(true)
      }
      const everyone = all(cluster).phase2.tally()
      expect(cluster.members.map((id) => everyone.ack(id)).indexOf(true)).toBe(n - 1)
      for (const quorum of [majority(cluster).phase1, grid(cluster).phase2, all(cluster).phase2]) {
        const twice = quorum.tally()
        const counted = cluster.members.slice(0, quorum.smallest - 1)
        expect([...counted, ...counted].some((id) => twice.ack(id))).toBe(quorum.includes(counted))
      }
    }
  })

  it('refuse nodes of another cluster', () => {
    for (const sizes of [
      [3, 2],
      [20, 20],
    ])
      for (const make of [majority, grid]) {
        const quorum = make(clusterOf(sizes)).phase1
        for (const id of [clusterOf(sizes).at(0), clusterOf([100]).at(64)]) {
          const tally = quorum.tally()
          expect(tally.has(id)).toBe(false)
          expect(() => tally.ack(id)).toThrow(SynodError)
          expect(() => quorum.includes([id])).toThrow(SynodError)
          expect(tally.stands).toBe(false)
        }
      }
  })
})

describe('quorumSystem', () => {
  it.each<[QuorumSpec, string, number, number]>([
    ['majority', 'majority', 5, 5],
    ['all', 'all', 9, 9],
    ['fast', 'fast', 5, 5],
    ['grid', 'grid', 3, 3],
    ['zone-majority', 'zone-majority', 4, 4],
    [{ q1: 8, q2: 2 }, 'counted', 8, 2],
    [{ fz: 0 }, 'wpaxos', 6, 2],
    [{ fz: 1 }, 'wpaxos', 4, 4],
    [{ fz: 0, nodes: 'majority' }, 'flexible-grid', 6, 2],
    [{ phase1: { nodes: 1, zones: 3 }, phase2: { nodes: 'all', zones: 1 } }, 'zoned', 3, 3],
    [{ phase1: { nodes: 'majority', zones: 2 }, phase2: { nodes: 2, zones: 2 } }, 'zoned', 4, 4],
  ])('builds %j', (spec, name, first, second) => {
    const system = quorumSystem(clusterOf([3, 3, 3]), spec)
    expect([system.name, system.phase1.smallest, system.phase2.smallest]).toEqual([name, first, second])
  })

  it.each([
    'Majority',
    '',
    '__proto__',
    'constructor',
    null,
    undefined,
    3,
    {},
    { q1: 1 },
    { q1: 4, q2: 5 },
    { q1: '5', q2: 5 },
    { fz: 3 },
    { fz: 0, nodes: 'majorty' },
    { phase1: { nodes: 1, zones: 1 } },
    { phase1: { nodes: 1, zones: 3 }, phase2: { nodes: 'some', zones: 1 } },
    { phase1: { nodes: 1, zones: 3 }, phase2: { nodes: 2, zones: 1 } },
    { phase1: { nodes: 0, zones: 3 }, phase2: { nodes: 3, zones: 3 } },
    { phase1: { nodes: 3, zones: 4 }, phase2: { nodes: 3, zones: 1 } },
  ])('refuses %j', (spec) => {
    expect(refuses(() => quorumSystem(clusterOf([3, 3, 3]), spec as QuorumSpec))).toBe(true)
  })
})
