/** Whether a node finds out that its disk is an older image of itself. */
import { describe, expect, it } from 'vitest'
import { contentOf, frameOf } from '../test/support/bench.ts'
import {
  COMPARE_MS,
  deceived,
  EPOCH_MS,
  imageOf,
  kill,
  NAMES,
  node,
  only,
  pass,
  restart,
  running,
  start,
  work,
} from '../test/support/epochs.ts'
import { HandDisk } from '../test/support/hand-disk.ts'
import { Wired } from '../test/support/wired.ts'
import { Epoch } from './node-messages.ts'

describe('an older image of a disk', () => {
  it('is found out before its node takes part, which has lost its memory then, also at the next start', () => {
    const wired = running()
    const image = imageOf(wired.benches[0]!)
    work(wired, 0)
    const stale = restart(wired, 0, image)
    wired.finish()
    expect([stale.node.memory, stale.probe.notes.filter((note) => note.startsWith('start'))]).toEqual([
      'lost',
      ['start lost'],
    ])
    const again = restart(wired, 0)
    wired.finish()
    expect([again.node.memory, again.failures]).toEqual(['lost', []])
  })

  it('of before its cluster had begun is no blank disk', () => {
    const wired = new Wired(NAMES, { durable: true, node })
    const image = imageOf(wired.benches[0]!)
    for (const { node, probe } of wired.benches) node.start(probe)
    wired.finish()
    work(wired, 0)
    const stale = restart(wired, 0, image)
    wired.finish()
    expect([stale.node.memory, stale.probe.notes[0]]).toEqual(['lost', 'start lost'])
  })

  it('of before its cluster had begun: what was heard before it knew that is no comparison', () => {
    const wired = new Wired(NAMES, { durable: true, node })
    const image = imageOf(wired.benches[0]!)
    for (const { node, probe } of wired.benches) node.start(probe)
    wired.finish()
    work(wired, 0)
    kill(wired, 0)
    wired.times = ({ frames }) => (frames.some((frame) => contentOf(frame).name === 'Announce') ? 0 : 1)
    const stale = start(wired, 0, image)
    for (const index of [1, 2]) work(wired, index)
    expect(stale.node.memory).toBeNull()
    wired.times = () => 1
    pass(wired, 200)
    expect([stale.node.memory, stale.probe.notes[0]]).toEqual(['lost', 'start lost'])
  })

  it('is found out by the word of any one who is needed for a majority, also when that one has restarted', () => {
    const wired = running()
    const image = imageOf(wired.benches[0]!)
    work(wired, 0)
    kill(wired, 0)
    kill(wired, 2)
    restart(wired, 1)
    wired.finish()
    const stale = start(wired, 0, image)
    wired.finish()
    expect([stale.node.memory, wired.benches[1]!.node.memory]).toEqual(['lost', null])
  })

  it('is found out by one whose log has been replaced by a checkpoint', () => {
    const wired = running()
    const image = imageOf(wired.benches[0]!)
    work(wired, 0)
    const witness = wired.benches[1]!
    witness.disk.checkpointDue = true
    witness.node.setTimer(0, () => {})
    pass(wired, 50)
    witness.disk.replace()
    kill(wired, 0)
    kill(wired, 2)
    restart(wired, 1)
    const stale = start(wired, 0, image)
    wired.finish()
    expect([stale.node.memory, wired.benches[1]!.node.memory]).toEqual(['lost', null])
  })

  it('of a memory that was lost since is found out, too', () => {
    const wired = running()
    work(wired, 0, 5 * EPOCH_MS)
    const image = imageOf(wired.benches[0]!)
    const renewed = restart(wired, 0, new HandDisk(true, 77))
    wired.finish()
    expect(renewed.node.memory).toBe('lost')
    renewed.node.setTimer(0, () => renewed.node.regain())
    pass(wired, 2 * EPOCH_MS)
    const stale = restart(wired, 0, image)
    wired.finish()
    expect(stale.node.memory).toBe('lost')
  })

  it('is found out by the one who knows, though a majority is there without it and it is the last to answer', () => {
    const wired = running()
    const image = imageOf(wired.benches[0]!)
    only(wired, 0, 2)
    work(wired, 0)
    const held: (() => void)[] = []
    wired.times = (write, from) => {
      const late = from.node.id.index === 2 && write.to.index === 0
      if (late) for (const frame of write.frames) held.push(() => wired.benches[0]!.node.receive(from.node.id, frame))
      return late ? 0 : 1
    }
    const stale = restart(wired, 0, image)
    pass(wired, COMPARE_MS - 50)
    expect(stale.node.memory).toBeNull()
    for (const deliver of held) deliver()
    wired.finish()
    expect(stale.node.memory).toBe('lost')
  })

  it('is found out by the only one who knows, where the node is told to wait for all: it comes back in the end', () => {
    const patient = { epochMs: EPOCH_MS, compareMs: 1e9 }
    const wired = running(NAMES, patient)
    const image = imageOf(wired.benches[0]!)
    kill(wired, 1)
    work(wired, 0)
    work(wired, 0)
    kill(wired, 2)
    kill(wired, 0)
    const [blind, stale] = [start(wired, 1, undefined, patient), start(wired, 0, image, patient)]
    pass(wired, 10 * COMPARE_MS)
    expect([blind.node.memory, stale.node.memory, stale.node.founding.awaited.map(({ name }) => name)]).toEqual([
      null,
      null,
      ['1.3'],
    ])
    start(wired, 2, undefined, patient)
    pass(wired, 100)
    expect(wired.benches.map(({ node }) => node.memory)).toEqual(['lost', 'kept', 'kept'])
  })

  it('is not taken for the newest by the word of one that is an older image itself, and does not know that yet', () => {
    const wired = running()
    const older = imageOf(wired.benches[1]!)
    for (const index of [0, 1, 2]) work(wired, index)
    const image = imageOf(wired.benches[0]!)
    work(wired, 0)
    for (const index of [0, 1, 2]) kill(wired, index)
    // The other one is heard, and hears nothing that would tell it better.
    wired.times = ({ to }) => (to.index === 1 ? 0 : 1)
    const [stale, other] = [start(wired, 0, image), start(wired, 1, older)]
    pass(wired, 3 * COMPARE_MS)
    expect([stale.node.freshness.epochs[1]! > other.node.freshness.epoch, other.node.memory]).toEqual([true, null])
    const { awaited, freshness } = stale.node.founding
    expect([stale.node.memory, awaited, freshness.forgetful]).toEqual([
      null,
      [wired.cluster.at(2)],
      [wired.cluster.at(1)],
    ])
    wired.times = () => 1
    start(wired, 2)
    pass(wired, 2 * COMPARE_MS)
    expect(wired.benches.map(({ node }) => node.memory)).toEqual(['lost', 'lost', null])
  })

  it('is found out by one in memory that has forgotten since, and has its memory back', () => {
    const wired = running()
    const image = imageOf(wired.benches[0]!)
    for (let epochs = 0; epochs < 3; epochs++) work(wired, 0)
    const bare = restart(wired, 1, new HandDisk(false, 77))
    wired.finish()
    bare.node.setTimer(0, () => bare.node.regain())
    pass(wired, 50)
    expect(bare.node.memory).toBe('kept')
    kill(wired, 2)
    const stale = restart(wired, 0, image)
    wired.finish()
    expect(stale.node.memory).toBe('lost')
  })

  it('ends its node where those who know come too late', () => {
    const { wired, stale } = deceived()
    wired.times = () => 1
    pass(wired, EPOCH_MS)
    expect(stale.failures.map(String)).toEqual([
      'SynodError: the disk is an older image of itself: it is in epoch 2, and others have heard of 5',
    ])
    const again = restart(wired, 0)
    wired.finish()
    expect(again.node.memory).toBe('lost')
  })
})

it('an older image that is found out too late is known for one, also where a checkpoint was due in that turn', () => {
  const { wired, stale } = deceived()
  stale.disk.checkpointDue = true
  stale.node.receive(
    wired.cluster.at(3),
    frameOf(Epoch, { epochs: [5, 0, 0, 9, 0], founding: 1, seen: [], asks: false }),
  )
  wired.clock.settle()
  expect([stale.node.freshness.outdated, stale.disk.checkpointing === null]).toEqual([true, false])
  stale.disk.replace()
  wired.finish()
  expect(stale.failures).toHaveLength(1)
  const again = restart(wired, 0)
  pass(wired, 500)
  expect(again.node.memory).toBe('lost')
})
