/** Checkpoints from the node's side: when it makes one, what is in it, and that a new life begins with it. */
import { describe, expect, it } from 'vitest'
import { Bench, startedBench } from '../test/support/bench.ts'
import { HandDisk } from '../test/support/hand-disk.ts'
import { Noted } from '../test/support/probe.ts'

/** Lets one event do something in a turn of its own. */
function within(bench: Bench, run: () => void): void {
  bench.node.setTimer(0, run)
  bench.clock.pass(0)
  bench.clock.turn()
}

function noted(n: number): Noted {
  return new Noted({ n })
}

describe('a checkpoint', () => {
  it('is made at the end of a turn when one is due, of what the replica and the node have persisted', () => {
    const bench = startedBench({ durable: true })
    bench.probe.dumped = [noted(7), noted(8)]
    within(bench, () => bench.node.persist(Noted, { n: 1 }))
    expect(bench.disk.checkpointing).toBeNull()
    bench.disk.checkpointDue = true
    within(bench, () => bench.node.persist(Noted, { n: 2 }))
    expect(bench.probe.take()).toEqual(['turn end', 'turn end', 'dump'])
    within(bench, () => bench.node.persist(Noted, { n: 3 }))
    bench.disk.replace()
    bench.disk.finish()
    bench.clock.settle()
    bench.disk.finish()
    bench.clock.settle()

    bench.disk.crash()
    const again = new Bench({ disk: bench.disk })
    again.node.start(again.probe)
    again.clock.settle()
    expect(again.node.memory).toBe('kept')
    expect(again.probe.take()).toEqual(['recover 7', 'recover 8', 'recover 3', 'start kept', 'turn end'])
  })

  it('keeps that a node has forgotten, and that it has regained its memory', () => {
    // It may be told so, or know it from its disk.
    for (const [regained, forgot] of [false, true].flatMap((one) => [false, true].map((two) => [one, two] as const))) {
      const disk = new HandDisk(true, 1)
      disk.forgot = forgot
      const bench = new Bench({ disk })
      disk.forgot = false
      bench.node.start(bench.probe)
      bench.clock.settle()
      bench.announce('1.2', 2, [99, 2, 3], 99)
      bench.clock.settle()
      expect(bench.node.memory).toBe('lost')
      if (regained) within(bench, () => bench.node.regain())
      bench.disk.checkpointDue = true
      within(bench, () => bench.node.persist(Noted, { n: 1 }))
      bench.disk.replace()
      const again = new Bench({ disk: bench.disk })
      again.node.start(again.probe)
      again.clock.settle()
      expect(again.node.memory).toBe(regained ? 'kept' : 'lost')
    }
  })

  it('is not made before the node knows its memory', () => {
    const bench = new Bench({ durable: true })
    bench.disk.checkpointDue = true
    bench.node.start(bench.probe)
    bench.clock.settle()
    expect([bench.disk.checkpointing, bench.probe.take()]).toEqual([null, []])
  })
})
