/** Whether a node finds out that its disk is an older image of itself, and when it must not think so. */
import { describe, expect, it } from 'vitest'
import { type Bench, contentOf, frameOf } from '../test/support/bench.ts'
import { HandDisk } from '../test/support/hand-disk.ts'
import { Noted } from '../test/support/probe.ts'
import { Wired } from '../test/support/wired.ts'
import { Epoch } from './node-messages.ts'

const NAMES = ['1.1', '1.2', '1.3']
const EPOCH_MS = 1000
const node = { epochMs: EPOCH_MS }

/** Lets time pass, with all syncs. */
function pass(wired: Wired, ms: number): void {
  for (let passed = 0; passed < ms; passed += 50) {
    wired.clock.pass(50)
    wired.finish()
  }
}

/** A cluster that has started, on disks. */
function running(names: readonly string[] = NAMES): Wired {
  const wired = new Wired(names, { durable: true, node })
  for (const { node, probe } of wired.benches) node.start(probe)
  wired.finish()
  expect(wired.benches.map(({ node }) => node.memory)).toEqual(names.map(() => 'blank'))
  return wired
}

/** Records something at a member, and lets an epoch pass. */
function work(wired: Wired, index: number, ms = EPOCH_MS): void {
  const { node } = wired.benches[index]!
  node.setTimer(0, () => node.persist(Noted, { n: 7 }))
  pass(wired, ms)
}

/** What is safe on a member's disk. */
function imageOf({ disk }: Bench): HandDisk {
  const image = new HandDisk(true, disk.incarnation)
  image.records.push(...disk.records.slice(0, disk.synced))
  image.synced = image.records.length
  return image
}

/** Ends a member's process, with what was not synced. */
function kill(wired: Wired, index: number): void {
  const { node, disk } = wired.benches[index]!
  node.stop()
  disk.crash()
}

/** Starts a member that is dead, on its disk or on another. */
function start(wired: Wired, index: number, disk = wired.benches[index]!.disk): Bench {
  const bench = wired.make(wired.cluster.at(index).name, { disk, seed: 90 + index, node })
  wired.benches[index] = bench
  bench.node.start(bench.probe)
  return bench
}

const restart = (wired: Wired, index: number, disk?: HandDisk) => {
  kill(wired, index)
  return start(wired, index, disk)
}

/** Only these members reach each other. */
const only = (wired: Wired, ...members: readonly number[]) => {
  wired.times = ({ to }, from) => (members.includes(to.index) && members.includes(from.node.id.index) ? 1 : 0)
}

/** Five members, of which the first takes part on an older image of its disk: those who know better are not there. */
function deceived(): { wired: Wired; stale: Bench } {
  const wired = running(['1.1', '1.2', '1.3', '1.4', '1.5'])
  const image = imageOf(wired.benches[0]!)
  only(wired, 0, 3, 4)
  for (let epochs = 0; epochs < 4; epochs++) work(wired, 0)
  only(wired, 0, 1, 2)
  const stale = restart(wired, 0, image)
  pass(wired, 400)
  expect([stale.node.memory, stale.failures]).toEqual(['kept', []])
  return { wired, stale }
}

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
    pass(wired, 200)
    expect(stale.node.memory).toBeNull()
    for (const deliver of held) deliver()
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
  stale.node.receive(wired.cluster.at(3), frameOf(Epoch, { epoch: 9, known: 5, asks: false }))
  wired.clock.settle()
  expect([stale.node.freshness.outdated, stale.disk.checkpointing === null]).toEqual([true, false])
  stale.disk.replace()
  wired.finish()
  expect(stale.failures).toHaveLength(1)
  const again = restart(wired, 0)
  pass(wired, 500)
  expect(again.node.memory).toBe('lost')
})

describe('a disk that is the newest', () => {
  it('serves once a majority has been compared with, and waits for those who are missing until then', () => {
    const wired = running()
    work(wired, 0)
    for (const index of [1, 2]) kill(wired, index)
    only(wired, 0)
    const alone = restart(wired, 0)
    pass(wired, 500)
    expect([alone.node.memory, alone.node.awaited]).toEqual([null, alone.node.peers])
    wired.times = () => 1
    start(wired, 1)
    pass(wired, 400)
    expect([alone.node.memory, alone.node.awaited, wired.benches[1]!.node.memory]).toEqual(['kept', [], 'kept'])
  })

  it('is known for it after each of many restarts, of one and of all', () => {
    const wired = running()
    for (let round = 0; round < 6; round++) {
      for (const index of [0, 1, 2]) work(wired, index, 300)
      for (const index of round % 2 === 0 ? [0, 1, 2] : [round % 3]) kill(wired, index)
      for (const index of round % 2 === 0 ? [0, 1, 2] : [round % 3]) start(wired, index)
      pass(wired, 300)
      expect(wired.benches.every(({ node: { memory } }) => memory === 'kept' || memory === 'blank')).toBe(true)
    }
  })

  it('of a memory that was regained is not taken for the one before, also by those who know nothing of it yet', () => {
    const wired = running()
    work(wired, 0, 5 * EPOCH_MS)
    only(wired, 0, 1)
    const lost = restart(wired, 0, new HandDisk(true, 77))
    wired.finish()
    lost.node.setTimer(0, () => lost.node.regain())
    pass(wired, 100)
    wired.times = () => 1
    pass(wired, 3 * EPOCH_MS)
    expect([lost.node.memory, lost.failures]).toEqual(['kept', []])
    const again = restart(wired, 0)
    wired.finish()
    expect([again.node.memory, again.failures]).toEqual(['kept', []])
  })

  it.each([true, false])('of each of many memories is above all before it (heard of them in time: %s)', (heard) => {
    const wired = running()
    for (let memory = 0; memory < 3; memory++) {
      work(wired, 0, 2 * EPOCH_MS)
      const isEpoch = (frame: Uint8Array) => contentOf(frame).name === 'Epoch'
      const lost = restart(wired, 0, new HandDisk(true, 77))
      wired.times = ({ to, frames }) => (heard || to.index !== 0 || !frames.some(isEpoch) ? 1 : 0)
      pass(wired, 200)
      lost.node.setTimer(0, () => lost.node.regain())
      pass(wired, 50)
      const known = heard ? wired.benches[1]!.node.freshness.epochs[0]! : 1
      expect(lost.node.freshness.epoch).toBeGreaterThan(known)
      wired.times = () => 1
      pass(wired, 2 * EPOCH_MS)
      expect([
        lost.node.memory,
        lost.failures,
        Math.min(...lost.node.peers.map((peer) => lost.node.freshness.knownTo(peer))),
      ]).toEqual(['kept', [], lost.node.freshness.epoch])
    }
    const again = restart(wired, 0)
    wired.finish()
    expect([again.node.memory, again.failures]).toEqual(['kept', []])
  })
})

describe('who answers', () => {
  it('counts only while it remembers: one that has forgotten vouches for nobody', () => {
    const wired = running(['1.1', '1.2', '1.3', '1.4', '1.5'])
    kill(wired, 0)
    for (const index of [1, 2]) restart(wired, index, new HandDisk(true, 100 + index))
    wired.finish()
    only(wired, 0, 1, 2)
    const back = start(wired, 0)
    pass(wired, 500)
    expect([back.node.memory, back.node.awaited.length]).toEqual([null, 4])
    wired.times = () => 1
    pass(wired, 200)
    expect(back.node.memory).toBe('kept')
  })

  it('has the epoch on disk before it says that it knows it', () => {
    const wired = running()
    const [first, second] = wired.benches as [Bench, Bench]
    first.node.setTimer(0, () => first.node.persist(Noted, { n: 1 }))
    wired.clock.pass(EPOCH_MS)
    wired.settle()
    while (first.disk.inFlight > 0) first.disk.finish()
    wired.settle()
    expect([
      first.node.freshness.epoch,
      second.node.freshness.epochs[0],
      first.node.freshness.knownTo(second.node.id),
    ]).toEqual([2, 2, -1])
    wired.finish()
    expect(first.node.freshness.knownTo(second.node.id)).toBe(2)
  })
})

describe('epochs', () => {
  it('do not go on where nothing is recorded, and what is told then is little', () => {
    const wired = running()
    pass(wired, 3 * EPOCH_MS)
    const before = wired.benches.map(({ node }) => node.freshness.epoch)
    let writes = 0
    wired.times = () => {
      writes += 1
      return 1
    }
    pass(wired, 5 * EPOCH_MS)
    expect([wired.benches.map(({ node }) => node.freshness.epoch), writes]).toEqual([before, 0])
  })

  it('begin with each life, however short it is, and are told at once', () => {
    const wired = running()
    const image = imageOf(wired.benches[0]!)
    for (let life = 1; life <= 3; life++) {
      const again = restart(wired, 0)
      wired.finish()
      expect([again.node.memory, again.node.freshness.epoch]).toEqual(['kept', 1 + life])
      expect(wired.benches[1]!.node.freshness.epochs[0]).toBe(1 + life)
    }
    const stale = restart(wired, 0, image)
    wired.finish()
    expect(stale.node.memory).toBe('lost')
  })

  it('of a node that had a disk and has none now do not keep others from believing it', () => {
    const wired = running()
    work(wired, 0, 3 * EPOCH_MS)
    const bare = restart(wired, 0, new HandDisk(false, 77))
    wired.finish()
    expect(bare.node.memory).toBe('lost')
    bare.node.setTimer(0, () => bare.node.regain())
    pass(wired, 50)
    kill(wired, 2)
    const back = restart(wired, 1)
    pass(wired, 500)
    expect([bare.node.memory, back.node.memory]).toEqual(['kept', 'kept'])
  })

  it('are neither counted nor compared by nodes without disks', () => {
    const wired = new Wired(NAMES, { node })
    const names = new Set<number>()
    wired.times = ({ frames }) => {
      for (const frame of frames) names.add(frame.length)
      return 1
    }
    for (const { node, probe } of wired.benches) node.start(probe)
    pass(wired, 300)
    names.clear()
    pass(wired, 3 * EPOCH_MS)
    expect([...names]).toEqual([])
  })
})
