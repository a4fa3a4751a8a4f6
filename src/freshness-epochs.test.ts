/** When a node must not think that its disk is an older image of itself, who says so, and how epochs go on. */
import { describe, expect, it } from 'vitest'
import { type Bench, contentOf } from '../test/support/bench.ts'
import {
  COMPARE_MS,
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
import { Noted } from '../test/support/probe.ts'
import { Wired } from '../test/support/wired.ts'
import type { NodeId } from './node-id.ts'
import { Epoch } from './node-messages.ts'

describe('a disk that is the newest', () => {
  it('serves once a majority has been compared with, and waits for those who are missing until then', () => {
    const wired = running()
    work(wired, 0)
    for (const index of [1, 2]) kill(wired, index)
    only(wired, 0)
    const alone = restart(wired, 0)
    pass(wired, 500)
    expect([alone.node.memory, alone.node.founding.awaited]).toEqual([null, alone.node.peers])
    wired.times = () => 1
    start(wired, 1)
    pass(wired, COMPARE_MS + 100)
    expect([alone.node.memory, alone.node.founding.awaited, wired.benches[1]!.node.memory]).toEqual([
      'kept',
      [],
      'kept',
    ])
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
  it('is not waited for any longer, also one that has forgotten: it may wait itself for the one that asks', () => {
    const wired = running()
    const lost = restart(wired, 1, new HandDisk(true, 77))
    wired.finish()
    const back = restart(wired, 0)
    pass(wired, 200)
    expect([lost.node.memory, back.node.memory]).toEqual(['lost', 'kept'])
  })

  it('counts only while it remembers: one that has forgotten vouches for nobody', () => {
    const wired = running(['1.1', '1.2', '1.3', '1.4', '1.5'])
    kill(wired, 0)
    for (const index of [1, 2]) restart(wired, index, new HandDisk(true, 100 + index))
    wired.finish()
    only(wired, 0, 1, 2)
    const back = start(wired, 0)
    pass(wired, 500)
    const { awaited, freshness } = back.node.founding
    const names = (members: readonly NodeId[]) => members.map(({ name }) => name)
    expect([back.node.memory, names(awaited), names(freshness.forgetful)]).toEqual([
      null,
      ['1.4', '1.5'],
      ['1.2', '1.3'],
    ])
    expect([freshness.isLost, back.errors]).toEqual([false, []])
    wired.times = () => 1
    pass(wired, 200)
    expect(back.node.memory).toBe('kept')
  })

  it('says once that the majority is lost, for as long as it is, and goes on when one is there again', () => {
    const wired = running(['1.1', '1.2', '1.3', '1.4'])
    const whole = imageOf(wired.benches[2]!)
    for (const index of [1, 2]) restart(wired, index, new HandDisk(true, 100 + index))
    wired.finish()
    const back = restart(wired, 0)
    pass(wired, 3 * COMPARE_MS)
    const { freshness } = back.node
    expect([freshness.isLost, back.node.founding.awaited, back.errors]).toEqual([true, [], ['majority lost']])
    restart(wired, 2, whole)
    pass(wired, COMPARE_MS)
    expect([freshness.isLost, back.node.memory, back.errors]).toEqual([false, 'kept', ['majority lost']])
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
    pass(wired, COMPARE_MS + 100)
    expect([bare.node.memory, back.node.memory]).toEqual(['kept', 'kept'])
  })

  it('of nodes without disks are told once, and no others begin', () => {
    const wired = new Wired(NAMES, { node })
    let writes = 0
    wired.times = () => {
      writes += 1
      return 1
    }
    for (const { node, probe } of wired.benches) node.start(probe)
    pass(wired, 2 * EPOCH_MS)
    writes = 0
    for (let epochs = 0; epochs < 3; epochs++) work(wired, 0)
    expect([writes, ...wired.benches.map(({ node }) => node.freshness.epoch)]).toEqual([0, 1, 1, 1])
  })
})

describe('records of another founding', () => {
  /** Two foundings of the same names, of which the first has come further; and the disk of a member of that. */
  function founded(ofFirst: number) {
    const first = running()
    for (let epochs = 0; epochs < 5; epochs++) for (const index of [0, 1, 2]) work(first, index)
    const disks = first.benches.map(imageOf)
    const second = new Wired(NAMES, { durable: true, node, seed: 50 })
    for (const index of [0, 1, 2])
      second.benches[index] = second.make(NAMES[index]!, {
        disk: new HandDisk(true, 900 + index),
        seed: 60 + index,
        node,
      })
    for (const { node, probe } of second.benches) node.start(probe)
    second.finish()
    work(second, 0)
    const strange: Bench[] = []
    for (let index = 2; index > 2 - ofFirst; index--) {
      kill(second, index)
      strange.push(start(second, index, disks[index]))
    }
    pass(second, 3 * EPOCH_MS)
    return { second, strange }
  }
  const STRANGE = (others: string) =>
    `SynodError: the records are of another founding of the cluster than those of ${others}`

  it('are refused by their own node, and what they say of epochs is believed by none', () => {
    const { second, strange } = founded(1)
    expect(strange[0]!.failures.map(String)[0]).toBe(STRANGE('1.1, 1.2'))
    expect(strange[0]!.node.memory).toBeNull()
    const [a, b] = second.benches as [Bench, Bench]
    expect([a.node.memory, b.node.memory, a.failures, b.failures]).toEqual(['blank', 'blank', [], []])
    expect(a.node.freshness.epochs.every((epoch) => epoch <= 3)).toBe(true)
    const back = restart(second, 0)
    pass(second, COMPARE_MS + 100)
    expect([back.node.memory, back.failures]).toEqual(['kept', []])
  })

  it('in a majority of directories do not end a node that takes part, and begin without it', () => {
    const { second, strange } = founded(2)
    const [lone] = second.benches as [Bench]
    expect([lone.node.memory, lone.failures]).toEqual(['blank', []])
    expect(strange.map(({ node, failures }) => [node.memory, failures])).toEqual([
      ['kept', []],
      ['kept', []],
    ])
    const again = restart(second, 0)
    pass(second, COMPARE_MS + 100)
    expect(again.failures.map(String)[0]).toMatch(/another founding of the cluster than those of 1\.[23], 1\.[23]$/)
  })
})

describe('an epoch that nobody can have reached', () => {
  it.each([2 ** 28 + 10, 2 ** 32 - 1, 2 ** 40 + 1, Number.MAX_SAFE_INTEGER])(
    'is believed by nobody, and not passed on: %d',
    (epoch) => {
      const wired = running()
      const liar = wired.benches[2]!
      const { name } = liar.node.founding
      kill(wired, 2)
      const epochs = [epoch, epoch, 1]
      wired.benches[0]!.hear('1.3', Epoch, { epochs, founding: name, seen: [], asks: false })
      work(wired, 0, 3 * EPOCH_MS)
      for (const { node, failures } of wired.benches.slice(0, 2)) {
        expect([node.memory, failures]).toEqual(['blank', []])
        expect(Math.max(...node.freshness.epochs)).toBeLessThan(10)
      }
      const again = restart(wired, 0)
      wired.finish()
      pass(wired, 2 * COMPARE_MS)
      expect([again.node.memory, again.failures]).toEqual(['kept', []])
    },
  )
})
