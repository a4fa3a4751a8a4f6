/** Traces: what a run did, in lines. */
import { describe, expect, it } from 'vitest'
import paxos from '../../protocols/paxos/index.ts'
import { RunTrace, run, textOfTrace } from './index.ts'

describe('a trace', () => {
  const trace = new RunTrace()
  const faults = ['drop', 'partition-pair', 'crash-one', 'pause', 'clock-drift']
  const options = { protocol: paxos, seed: 3, layout: '1x3', durable: true, faults }
  const report = run({ ...options, trace })
  // Not each run shows everything.
  const more = [4, 5].map((seed) => {
    const further = new RunTrace()
    run({ ...options, seed, trace: further })
    return further
  })
  const text = [trace, ...more].flatMap(({ lines }) => lines).join('\n')

  it('changes nothing of the run', () => {
    expect(run(options)).toEqual(report)
  })

  it.each([
    ['messages', /^ +\d+\.\d{3} {2}1\.\d > 1\.\d {2}Accepted ballot=\d+\.1\.\d slot=\d+$/m],
    ['what was dropped', /1\.\d > 1\.\d {2}\w+ .* \(lost\)$/m],
    ['what was cut', /1\.\d > 1\.\d {2}\w+ .* \(lost: cut\)$/m],
    ['what a dead node missed', /1\.(\d) {2}\w+ .* \(lost: 1\.\1 is down\)$/m],
    ['what a paused node is going to hear', /1\.(\d) {2}\w+ .* \(1\.\1 is paused\)$/m],
    ['faults', /partition-pair strikes: cut 1\.\d>1\.\d/],
    ['weather', /drop strikes: drop 0\.\d+/],
    ['their end', /faults end: .*no cut 1\.\d>1\.\d/],
    ['crashes', /1\.\d: down/],
    ['elections', /1\.\d: leader at \d+\.1\.\d/],
    ['executions', /1\.\d executes slot \d+: \[put \d=v\d+/],
    ['questions', /client \d+ -> 1\.\d {2}put \d$/m],
    ['answers', /client \d+ <- 1\.\d {2}put \d=v\d+: done$/m],
  ])('shows %s', (_, pattern) => {
    expect(pattern.test(text)).toBe(true)
  })

  it('leaves heartbeats and the roll call out', () => {
    expect(/Heartbeat|Heard|Announce|Epoch/.test(text)).toBe(false)
  })
})

describe('the text of a trace', () => {
  it('is shown from its end, and says how much is left out', () => {
    const lines = ['a', 'b', 'c']
    expect(textOfTrace(lines, 3)).toBe('a\nb\nc')
    expect(textOfTrace(lines, 2)).toBe('  … 1 line before these is left out\nb\nc')
    expect(textOfTrace(lines, 1)).toBe('  … 2 lines before these are left out\nc')
  })
})
