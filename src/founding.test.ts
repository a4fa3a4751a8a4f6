/** Clusters that begin by order, and directories of another founding: who hears whom, and who must end. */
import { describe, expect, it } from 'vitest'
import { type Bench, contentOf } from '../test/support/bench.ts'
import { EPOCH_MS, imageOf, kill, NAMES, node, only, pass, running, start, work } from '../test/support/epochs.ts'
import { HandDisk } from '../test/support/hand-disk.ts'
import { Noted, Ping } from '../test/support/probe.ts'
import { Wired } from '../test/support/wired.ts'
import { BOOTSTRAP_PATIENCE_MS } from './founding.ts'

const ORDER = { ...node, bootstrap: true }
const PATIENT = BOOTSTRAP_PATIENCE_MS + 100

const memories = ({ benches }: Wired) => benches.map(({ node }) => node.memory)
const names = ({ benches }: Wired) => benches.map(({ node }) => node.founding.name)

/** Nodes on disks that are not started yet. */
function machines(seed = 1, first = 1): Wired {
  const wired = new Wired(NAMES, { durable: true, seed, node: ORDER })
  for (const [index, name] of NAMES.entries())
    wired.benches[index] = wired.make(name, {
      disk: new HandDisk(true, first + index),
      seed: seed + index,
      node: ORDER,
    })
  return wired
}

/** Starts these by order, one after the other. */
function begin(wired: Wired, ...members: readonly number[]): void {
  for (const index of members) {
    const { node, probe } = wired.benches[index]!
    node.start(probe)
    pass(wired, PATIENT)
  }
}

/** What a member has heard of the protocol when all others have sent it something. */
function heard(wired: Wired, index: number): string[] {
  const { node, probe } = wired.benches[index]!
  probe.take()
  for (const other of wired.benches) {
    if (other.node.id !== node.id) other.node.setTimer(0, () => other.node.send(node.id, Ping, { n: 7 }))
  }
  pass(wired, 50)
  return probe.take().filter((note) => note.startsWith('ping'))
}

describe('by order', () => {
  it('of those that begin at once without a third the first does, and the other joins it', () => {
    for (const members of [
      [0, 1],
      [1, 0],
      [2, 1],
    ]) {
      const wired = machines()
      for (const index of members) wired.benches[index]!.node.start(wired.benches[index]!.probe)
      pass(wired, 2 * PATIENT)
      const first = Math.min(...members)
      for (const index of members)
        expect([wired.benches[index]!.node.memory, names(wired)[index]]).toEqual(['blank', 1 + first])
      expect(heard(wired, members[0]!)).toEqual([`ping 7 from ${NAMES[members[1]!]}`])
    }
  })

  it('who waits for one before it begins itself if that one dies', () => {
    const wired = machines()
    for (const index of [0, 1]) wired.benches[index]!.node.start(wired.benches[index]!.probe)
    pass(wired, 1000)
    kill(wired, 0)
    pass(wired, 2 * PATIENT)
    expect([wired.benches[1]!.node.memory, names(wired)[1]]).toEqual(['blank', 2])
    start(wired, 0, undefined, ORDER)
    pass(wired, PATIENT)
    expect([memories(wired), names(wired)]).toEqual([
      ['blank', 'blank', null],
      [2, 2, 0],
    ])
  })

  it('one that comes later is heard by those who have it on record, also of those who were not there', () => {
    const wired = machines()
    begin(wired, 0, 1)
    kill(wired, 1)
    begin(wired, 2)
    expect([memories(wired)[2], names(wired)[2], heard(wired, 0)]).toEqual(['blank', 1, ['ping 7 from 1.3']])
    only(wired, 0, 1)
    start(wired, 1, undefined, ORDER)
    pass(wired, 2 * EPOCH_MS)
    kill(wired, 0)
    kill(wired, 2)
    wired.times = () => 1
    // Only who was told of it by another is left.
    start(wired, 2, new HandDisk(true, 33), ORDER)
    pass(wired, 1000)
    expect(memories(wired).slice(1)).toEqual(['kept', 'lost'])
  })

  it('one that comes later is not heard before that is on record', () => {
    const wired = machines()
    begin(wired, 0, 1)
    const isOwn = (frame: Uint8Array) => ['Announce', 'Epoch'].includes(contentOf(frame).name)
    wired.times = ({ to, frames }) => (to.index === 1 && frames.some(isOwn) ? 0 : 1)
    begin(wired, 2)
    expect([names(wired), heard(wired, 1)]).toEqual([[1, 1, 1], ['ping 7 from 1.1']])
    wired.times = () => 1
    pass(wired, 2 * EPOCH_MS)
    expect(heard(wired, 1)).toEqual(['ping 7 from 1.1', 'ping 7 from 1.3'])
  })

  it('one that came later, and comes again with an empty disk, has forgotten, without the order and with it', () => {
    for (const bootstrap of [true, false]) {
      const wired = machines()
      begin(wired, 0, 1, 2)
      for (const index of [0, 1, 2]) kill(wired, index)
      for (const index of [0, 1]) start(wired, index)
      start(wired, 2, new HandDisk(true, 33), { ...node, bootstrap })
      pass(wired, 1000)
      expect(memories(wired)).toEqual(['kept', 'kept', 'lost'])
    }
  })

  it('one that comes later without the order waits, and knows why', () => {
    const wired = machines()
    begin(wired, 0, 1)
    const late = start(wired, 2, undefined, node)
    pass(wired, 2 * PATIENT)
    expect([late.node.memory, late.node.founding.leftOut]).toEqual([null, true])
    expect(wired.benches.map(({ node }) => node.founding.leftOut)).toEqual([false, false, true])
  })

  it('one for which the operator has vouched twice ends as soon as it meets one that knows better, and knows at its next start', () => {
    const wired = machines()
    begin(wired, 0, 1)
    only(wired, 0, 2)
    begin(wired, 2)
    kill(wired, 2)
    only(wired, 1, 2)
    const again = start(wired, 2, new HandDisk(true, 33), ORDER)
    pass(wired, PATIENT)
    expect([again.node.memory, again.node.founding.name, heard(wired, 1)]).toEqual(['blank', 1, ['ping 7 from 1.3']])
    wired.times = () => 1
    pass(wired, 2 * EPOCH_MS)
    expect(again.failures.map(String)).toEqual([
      'SynodError: the node has forgotten: 1.1 knows an earlier memory of it',
    ])
    const third = start(wired, 2, imageOf(again))
    pass(wired, 1000)
    expect([third.node.memory, third.failures]).toEqual(['lost', []])
  })

  it('two that began without hearing each other hear nothing of each other, and end if they could be no majority', () => {
    const wired = machines()
    wired.times = () => 0
    begin(wired, 0, 1)
    expect(names(wired)).toEqual([1, 2, 0])
    wired.times = () => 1
    pass(wired, 3 * EPOCH_MS)
    expect([heard(wired, 0), heard(wired, 1), wired.benches[0]!.failures]).toEqual([[], [], []])
    wired.times = () => 0
    begin(wired, 2)
    wired.times = () => 1
    pass(wired, 3 * EPOCH_MS)
    expect(wired.benches.map(({ failures }) => failures.map(String)[0])).toEqual([
      expect.stringMatching(/another founding of the cluster than those of 1\.2, 1\.3$/),
      expect.stringMatching(/another founding of the cluster than those of 1\.[13], 1\.[13]$/),
      expect.stringMatching(/another founding of the cluster than those of 1\.[12], 1\.[12]$/),
    ])
  })
})

describe('a directory of an earlier cluster', () => {
  /** A cluster that was begun by order, node by node; the last one's disk at the end. */
  function earlier(): HandDisk {
    const wired = machines()
    begin(wired, 0, 1, 2)
    for (let epochs = 0; epochs < 3; epochs++) for (const index of [0, 1, 2]) work(wired, index)
    return imageOf(wired.benches[2]!)
  }

  /** Another one, of which the third is not there. */
  function later(): Wired {
    const wired = machines(50, 900)
    begin(wired, 0, 1)
    for (const index of [0, 1]) work(wired, index)
    return wired
  }
  const STRANGE = 'SynodError: the records are of another founding of the cluster than those of 1.1, 1.2'

  it('is refused by its node, also where both were begun by order, and harms nobody', () => {
    const wired = later()
    const strange = start(wired, 2, earlier())
    pass(wired, 5000)
    expect([strange.failures.map(String), strange.node.memory]).toEqual([[STRANGE], null])
    expect([memories(wired).slice(0, 2), wired.benches[0]!.failures, wired.benches[1]!.failures]).toEqual([
      ['blank', 'blank'],
      [],
      [],
    ])
  })

  it('is refused also where its node had forgotten, before it hears anything of the others', () => {
    const first = machines()
    begin(first, 0, 1)
    const forgetful = new HandDisk(true, 33)
    forgetful.forgot = true
    start(first, 2, forgetful)
    pass(first, 1000)
    expect(memories(first)).toEqual(['blank', 'blank', 'lost'])
    const wired = later()
    const strange = start(wired, 2, imageOf(first.benches[2]!))
    wired.clock.settle()
    expect([strange.node.memory, heard(wired, 2)]).toEqual(['lost', []])
    pass(wired, 5000)
    expect(strange.failures.map(String)).toEqual([STRANGE])
  })

  it('in a majority of places is another cluster: those who take part on either side do not hear each other', () => {
    const first = running()
    for (const index of [0, 1, 2]) work(first, index)
    const disks = first.benches.map(imageOf)
    const wired = later()
    kill(wired, 1)
    for (const index of [1, 2]) start(wired, index, disks[index])
    pass(wired, 5000)
    expect([memories(wired), wired.benches.flatMap(({ failures }) => failures)]).toEqual([
      ['blank', 'kept', 'kept'],
      [],
    ])
    expect([0, 1, 2].map((index) => heard(wired, index))).toEqual([[], ['ping 7 from 1.3'], ['ping 7 from 1.2']])
  })

  it('whose place has been taken by a new one is a stranger no more', () => {
    const wired = later()
    start(wired, 2, earlier())
    pass(wired, 5000)
    start(wired, 2, new HandDisk(true, 77), ORDER)
    pass(wired, PATIENT)
    const [bench] = wired.benches as [Bench]
    bench.node.setTimer(0, () => bench.node.persist(Noted, { n: 1 }))
    pass(wired, 2 * EPOCH_MS)
    expect([memories(wired), heard(wired, 0)]).toEqual([
      ['blank', 'blank', 'blank'],
      ['ping 7 from 1.2', 'ping 7 from 1.3'],
    ])
  })
})
