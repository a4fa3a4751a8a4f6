/** The smallest protocol in the simulator: it keeps what it promises, and does not keep what it does not. */
import { describe, expect, test } from 'vitest'
import { run } from '../src/sim/index.ts'
import { conformance } from '../test/conformance/suite.ts'
import protocol from './sequencer.ts'

/** Linearizable wherever no message is lost; what the others of `protocols/` repair, it does not. */
conformance(protocol, {
  skip: [
    {
      reason: 'a member that misses a message, or gets it out of order, stays behind for good',
      tests: [
        'faults: all together',
        'faults: loss',
        'faults: slow links and usurpers',
        'faults: reorder',
        'faults: partition',
        'faults: partial',
        'faults: zone cut',
        'partition',
        'partial',
        'overload: slow peer',
      ],
    },
    {
      reason: 'nothing is on disk, so who restarts has lost the state for good',
      tests: ['faults: kill', 'faults: restart loop', 'faults: disk lost', 'kill', 'overload: dead peer', 'restart'],
    },
  ],
})

const SEEDS = Array.from({ length: 10 }, (_, index) => index + 1)

describe('sequencer', () => {
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
