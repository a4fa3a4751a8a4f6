/** The suite itself: its rows name every nemesis, its cuts are what they are called, and it finds what is wrong. */
import { describe, expect, it } from 'vitest'
import abd from '../../protocols/abd/index.ts'
import paxos from '../../protocols/paxos/index.ts'
import type { Protocol } from '../../src/replica.ts'
import { NEMESES } from '../../src/sim/index.ts'
import { isFull } from '../../src/sim/reach.ts'
import { CONTRACT } from './contract.ts'
import { Gaps } from './gaps.ts'
import { SHAPES } from './partitions.ts'
import { inPartial } from './progress.ts'
import { cellName } from './row.ts'
import { Stage } from './stage.ts'
import { promiseOf, ROWS, seedsOf } from './suite.ts'
import { unmatched } from './sweeps.ts'

/** Plays a row on three nodes; the complaint, or null. */
function complaint(protocol: Protocol, name: string, layout = '1x3', durable = true): string | null {
  const row = ROWS.find((known) => known.name === name)!
  try {
    row.play({ protocol, layout, durable, seed: 1 })
    return null
  } catch (error) {
    return (error as Error).message
  }
}

describe('the rows', () => {
  it('exercise every nemesis, and name none that is not there', () => {
    expect(unmatched()).toEqual({ missing: [], stale: [] })
    const another = { name: 'earthquake', strike: () => null }
    expect(unmatched(new Map([...NEMESES, [another.name, another]])).missing).toEqual(['earthquake'])
  })

  it('have names of their own', () => {
    expect(new Set(ROWS.map(({ name }) => name)).size).toBe(ROWS.length)
  })
})

describe('a cut', () => {
  it.each(SHAPES.map((shape) => [`${shape.kind}: ${shape.name}`, shape] as const))('is a %s', (_, shape) => {
    for (const layout of ['1x3', '1x5', '3x3']) {
      const stage = new Stage({ protocol: paxos, layout, durable: true, seed: 1 })
      if (stage.members.length < shape.least) continue
      shape.cut(stage)
      expect([layout, isFull(stage.scenario.network, stage.members)]).toEqual([layout, shape.kind === 'partition'])
    }
  })

  it('leaves those to serve who reach all that may lead, or, where nobody leads, all that reach enough', () => {
    const owing = (protocol: Protocol, name: string) => {
      const stage = new Stage({ protocol, layout: '1x5', durable: true, seed: 1 })
      const order = stage.order()
      SHAPES.find((shape) => shape.name === name)!.cut(stage)
      const { able, owing } = inPartial(stage)
      return [able, owing].map((nodes) => nodes.map((id) => order.indexOf(id)).sort())
    }
    expect(owing(paxos, 'star around the leader')).toEqual([[0], [0]])
    expect(owing(paxos, 'chain, leader at the end')).toEqual([[1, 2, 3], [2]])
    expect(owing(abd, 'chain, leader at the end')).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ])
    expect(owing(paxos, 'bridge at a follower')).toEqual([[0, 1, 2, 3, 4], [2]])
    expect(owing(paxos, '4-2 5-3')).toEqual([
      [0, 1, 2],
      [0, 1, 2],
    ])
    expect(owing(paxos, 'ring')).toEqual([[0, 1, 2, 3, 4], []])
  })
})

describe('a protocol', () => {
  it('that promises too much is found where it does not serve', () => {
    const boastful: Protocol = { ...paxos, progress: (alive) => alive.length > 0 }
    expect(complaint(boastful, 'kill: a majority')).toMatch(/owes service .* has not served/)
    expect(complaint(paxos, 'kill: a majority')).toBeNull()
  })

  it('that promises too little is found where it acknowledges, and its promise is printed', () => {
    const timid: Protocol = { ...paxos, progress: (alive, { cluster }) => alive.length === cluster.size }
    expect(complaint(timid, 'partition: leader cut off')).toMatch(/acknowledges a write, where no progress is promised/)
    expect(promiseOf(timid, ['1x3'])).toContain('1x3 0 of 3')
    expect(promiseOf(paxos, ['1x1', '1x5'])).toMatch(/1x1 0 of 1, 1x5 2 of 5$/)
  })

  it('whose promise shrinks when a node joins breaks its contract', () => {
    const fickle: Protocol = { ...paxos, progress: (alive) => alive.length === 2 || alive.length === 5 }
    const check = CONTRACT['contract: promises no less to more nodes']!
    expect(() => check(fickle, ['1x5'])).toThrow(/have progress, and with 1\.. not/)
    expect(() => check(paxos, ['1x5'])).not.toThrow()
  })

  it('that takes any option breaks its contract', () => {
    const careless: Protocol = { ...abd, options: () => abd.options({}, { heartbeat_ms: 1, election_ms: 2 }) }
    expect(() => CONTRACT['contract: refuses nonsense in one line that names it']!(careless, [])).toThrow(/nonsense/)
  })
})

describe('the number of seeds', () => {
  it('is one, the option, or what the environment says', () => {
    expect([seedsOf({}, undefined), seedsOf({ seeds: 3 }, undefined), seedsOf({ seeds: 3 }, '7')]).toEqual([1, 3, 7])
  })

  it('must leave something to play', () => {
    for (const seeds of [0, -1, 1.5, Number.NaN]) expect(() => seedsOf({ seeds }, undefined)).toThrow(/^seeds must be/)
    for (const text of ['0', '-1', '1.5', 'ten', '', ' ', '1e3', '9'.repeat(20)]) {
      const what = /^CONFORMANCE_SEEDS must be an integer of at least 1, not /
      expect(() => seedsOf({}, text), text).toThrow(what)
    }
  })
})

describe('a gap', () => {
  it('takes out a test, a row or a kind of rows, and is counted', () => {
    const gaps = new Gaps([
      { reason: 'why', tests: ['partition', 'kill: one', cellName('kill: all', '1x3', true)] },
      { reason: 'none', tests: ['kill: o'] },
    ])
    const reasons = [
      cellName('partition: zone cut', '1x3', true),
      cellName('partial: ring', '1x5', false),
      cellName('kill: one', '1x1', true),
      cellName('kill: all', '1x3', true),
      cellName('kill: all', '1x5', true),
    ].map((test) => gaps.reasonFor(test))
    expect(reasons).toEqual(['why', null, 'why', 'why', null])
    expect(gaps.unknown).toEqual(['kill: o'])
    expect(gaps.lines[0]).toBe('skips 3 tests (partition; kill: one; kill: all, 1x3, disk): why')
  })
})
