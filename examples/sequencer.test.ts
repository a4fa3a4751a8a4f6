/** The smallest protocol in the simulator: it keeps what it promises, and does not keep what it does not. */
import { describe, expect, test } from 'vitest'
import { run } from '../src/sim/index.ts'
import { conformance } from '../test/conformance/suite.ts'
import protocol from './sequencer.ts'

conformance(protocol, {
  skip: [
    {
      reason:
        'a member that misses a message, were it before its start, or gets it out of order, stays behind for good',
      tests: ['faults', 'partition', 'partial'],
    },
    {
      reason: 'nothing is on disk, so who restarts has lost the state for good',
      tests: ['kill', 'overload: dead peer', 'restart'],
    },
  ],
})

/** Whatever delays, repeats or stops for a while, but loses nothing. */
const MILD = ['delay', 'duplicate', 'pause', 'clock-jump', 'clock-drift']
const SEEDS = Array.from({ length: 10 }, (_, index) => index + 1)

describe('sequencer', () => {
  test.each(['1x1', '1x3', '3x3'])(
    'is linearizable while no message is lost, and mostly converges, on %s',
    (layout) => {
      const reports = SEEDS.map((seed) => run({ protocol, seed, layout, faults: MILD, durable: true }))
      // A member that starts late has missed what was ordered before, and never catches up.
      const late = reports.filter(({ violation }) => violation !== null)
      expect(late.every(({ violation }) => violation!.invariant === 'liveness')).toBe(true)
      expect(late.length).toBeLessThan(SEEDS.length / 2)
      for (const { invalid, totals } of reports.filter(({ violation }) => violation === null)) {
        expect(invalid).toBeNull()
        expect(totals.ok).toBeGreaterThan(100)
      }
    },
  )

  test('stops for good when the sequencer crashes', () => {
    const violations = SEEDS.flatMap((seed) => {
      const { violation, faults } = run({ protocol, seed, layout: '3x1', faults: ['crash-all'], durable: true })
      return faults['crash-all'] ? [violation?.invariant] : []
    })
    expect(violations.length).toBeGreaterThan(5)
    expect(new Set(violations)).toEqual(new Set(['liveness']))
  })

  test('leaves a member behind that misses a message', () => {
    const messages = SEEDS.map(
      (seed) => run({ protocol, seed, layout: '1x3', faults: ['drop'], durable: true }).violation,
    )
    expect(messages.some((violation) => violation?.message.includes('did not converge'))).toBe(true)
    expect(messages.every((violation) => violation === null || violation.invariant === 'liveness')).toBe(true)
  })
})
