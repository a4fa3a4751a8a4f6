/** Ballot arithmetic: order, owner, what no honest node could have issued. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Ballots, NO_BALLOT } from './ballots.ts'
import { Cluster, MAX_MEMBERS } from './node-id.ts'

const cluster = new Cluster(['1.1', '1.2', '2.1'])
const ballots = new Ballots(cluster)
const [first, second, third] = cluster.members as [
  (typeof cluster.members)[0],
  (typeof cluster.members)[0],
  (typeof cluster.members)[0],
]
const MAX_ROUND = 2 ** 40

describe('Ballots', () => {
  it.each([
    { ballot: NO_BALLOT, owner: undefined, valid: false, format: '0.0' },
    { ballot: 1, owner: undefined, valid: false, format: '0.0' },
    { ballot: MAX_MEMBERS - 1, owner: undefined, valid: false, format: '0.0' },
    { ballot: MAX_MEMBERS, owner: '1.1', valid: true, format: '1.1.1' },
    { ballot: MAX_MEMBERS + 2, owner: '2.1', valid: true, format: '1.2.1' },
    { ballot: MAX_MEMBERS + 3, owner: undefined, valid: false, format: '0.0' },
    { ballot: 2 * MAX_MEMBERS - 1, owner: undefined, valid: false, format: '0.0' },
    { ballot: 77 * MAX_MEMBERS + 1, owner: '1.2', valid: true, format: '77.1.2' },
    { ballot: MAX_ROUND * MAX_MEMBERS + 2, owner: '2.1', valid: true, format: `${MAX_ROUND}.2.1` },
    { ballot: (MAX_ROUND + 1) * MAX_MEMBERS, owner: '1.1', valid: false, format: `${MAX_ROUND + 1}.1.1` },
    { ballot: Number.MAX_SAFE_INTEGER, owner: undefined, valid: false, format: '0.0' },
    { ballot: Number.MAX_SAFE_INTEGER - 4095, owner: '1.1', valid: false, format: `${2 ** 41 - 1}.1.1` },
    { ballot: -1, owner: undefined, valid: false, format: '0.0' },
    { ballot: -MAX_MEMBERS, owner: undefined, valid: false, format: '0.0' },
    { ballot: MAX_MEMBERS + 0.5, owner: undefined, valid: false, format: '0.0' },
    { ballot: Number.NaN, owner: undefined, valid: false, format: '0.0' },
    { ballot: Number.POSITIVE_INFINITY, owner: undefined, valid: false, format: '0.0' },
  ])('$ballot: owner $owner, valid $valid, $format', ({ ballot, owner, valid, format }) => {
    expect(ballots.owner(ballot)?.name).toBe(owner)
    expect(ballots.valid(ballot)).toBe(valid)
    expect(ballots.format(ballot)).toBe(format)
  })

  it('issues a valid ballot of its owner, above all ballots of the rounds before', () => {
    const ballot = fc.integer({ min: 0, max: MAX_ROUND * MAX_MEMBERS - 1 })
    fc.assert(
      fc.property(ballot, fc.constantFrom(first, second, third), (before, owner) => {
        const next = ballots.next(before, owner)
        expect(next).toBeGreaterThan(before)
        expect(ballots.owner(next)).toBe(owner)
        expect(ballots.round(next)).toBe(ballots.round(before) + 1)
        expect(ballots.valid(next)).toBe(true)
        for (const other of cluster.members) expect(ballots.next(next, other)).toBeGreaterThan(next)
      }),
    )
  })

  it('starts at round 1 and leaps as many rounds as it is told', () => {
    expect(ballots.next(NO_BALLOT, first)).toBe(MAX_MEMBERS)
    expect(ballots.next(NO_BALLOT, third, 65_536)).toBe(65_536 * MAX_MEMBERS + 2)
    expect(ballots.round(ballots.next(ballots.next(NO_BALLOT, second, 5), first, 3))).toBe(8)
  })

  it('stays exact at the highest round', () => {
    const top = ballots.next((MAX_ROUND - 1) * MAX_MEMBERS, third)
    expect(Number.isSafeInteger(top)).toBe(true)
    expect(ballots.valid(top)).toBe(true)
    expect(ballots.valid(ballots.next(top, third))).toBe(false)
  })

  it('never issues the same ballot to two owners', () => {
    const issued = cluster.members.map((owner) => ballots.next(7 * MAX_MEMBERS, owner))
    expect(new Set(issued).size).toBe(cluster.size)
  })
})
