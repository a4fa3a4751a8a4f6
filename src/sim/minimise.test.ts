/** The minimiser: of a long run that fails, a person is shown the few steps that it takes. */
import { describe, expect, it } from 'vitest'
import paxos from '../../protocols/paxos/index.ts'
import { toy } from '../../test/support/toy.ts'
import type { Node, Protocol, Replica } from '../index.ts'
import { minimise, type RunOptions, run, ScriptedChooser } from './index.ts'

/** Paxos whose votes never reach the disk. */
const forgetful: Protocol = {
  ...paxos,
  create: (node, options) => {
    const persist = node.persist.bind(node)
    node.persist = (type, values) => type.name !== 'Voted' && persist(type, values)
    return paxos.create(node, options as never)
  },
}

/** Nodes that acknowledge writes and forget them. */
const careless = toy((node) => ({
  onRequest: (request) => {
    request.take()
    node.reply(request, { value: null, version: 0, effect: 'done' }, null)
  },
}))

/** Nodes that break at their third read, and serve nothing: so the last operations of a run, a write first, are no reads. */
const fragile = toy((node: Node): Pick<Replica, 'onRequest'> => {
  let reads = 0
  return {
    onRequest: (request) => {
      reads += Number(node.store.isRead(request.command))
      if (reads === 3) throw new Error('the third read')
      node.refuse(request, 'unavailable', 'never')
    },
  }
})

const FORGETFUL: RunOptions = {
  protocol: forgetful,
  seed: 6,
  layout: '1x3',
  durable: true,
  faults: ['crash-all', 'drop'],
}

describe('the minimiser', () => {
  it('finds the crash and the write that show forgotten votes', () => {
    const found = minimise(FORGETFUL)!
    const { violation } = run(FORGETFUL)
    expect(violation).not.toBeNull()
    expect(found.report.violation?.invariant).toBe(violation!.invariant)
    expect(found.after.strikes).toBeLessThanOrEqual(1)
    expect(found.after.operations).toBeLessThanOrEqual(2)
    expect(found.before.operations).toBeGreaterThan(5)
    expect(found.lines.length).toBeLessThan(60)
    expect(found.lines.join('\n')).toMatch(/1\.\d > 1\.\d, 1\.\d {2}Accept /)
    expect(found.lines.at(-1)).toContain(`violated: ${violation!.invariant}`)
  })

  it('finds the same script each time, and the script plays again', () => {
    const found = minimise(FORGETFUL, 20)!
    expect(minimise(FORGETFUL, 20)).toEqual(found)
    expect(run({ ...FORGETFUL, chooser: new ScriptedChooser(found.script) })).toEqual(found.report)
  })

  it('leaves no operation where the last ones of the run suffice, and shows what clients saw of those', () => {
    const found = minimise({ protocol: careless, seed: 2, layout: '1x3', faults: ['drop', 'pause'] })!
    expect(found.report.violation?.invariant).toBe('linearizable')
    expect([found.after.strikes, found.after.operations]).toEqual([0, 0])
    const text = found.lines.join('\n')
    expect(text).toMatch(/client 1000 -> 1\.1 {2}put 0\n.*client 1000 <- 1\.1 {2}put 0=v1: done\n/)
    expect(text).toMatch(/client 1000 <- 1\.1 {2}get 0: nothing there\n/)
  })

  it('finds the three reads that break a node', () => {
    const found = minimise({ protocol: fragile, seed: 4, layout: '1x1', faults: ['clock-jump'] })!
    expect(found.report.violation).toMatchObject({ invariant: 'no defect' })
    expect([found.after.strikes, found.after.operations]).toEqual([0, 3])
  })

  it('keeps within its runs, and gives what it has by then', () => {
    const found = minimise(FORGETFUL, 5)!
    expect(found.runs).toBe(5)
    expect(found.report.violation?.invariant).toBe(run(FORGETFUL).violation!.invariant)
  })

  it('has nothing to say of a run that violates nothing', () => {
    expect(minimise({ protocol: paxos, seed: 1, layout: '1x1', faults: [] })).toBeNull()
  })
})
