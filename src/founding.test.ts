/** Clusters that begin by order, and directories of another founding: who hears whom, and who must end. */
import { describe, expect, it } from 'vitest'
import { type Bench, contentOf, frameOf } from '../test/support/bench.ts'
import { imageOf, kill, NAMES, node, pass, running, start, work } from '../test/support/epochs.ts'
import { HandDisk } from '../test/support/hand-disk.ts'
import { Ping } from '../test/support/probe.ts'
import { Wired } from '../test/support/wired.ts'
import { put } from './command.ts'
import { BOOTSTRAP_PATIENCE_MS } from './founding.ts'
import { Answer } from './node-messages.ts'

const ORDER = { ...node, bootstrap: true }
const PATIENT = BOOTSTRAP_PATIENCE_MS + 100

const FIVE = ['1.1', '1.2', '1.3', '1.4', '1.5']

const memories = ({ benches }: Wired) => benches.map(({ node }) => node.memory)
const names = ({ benches }: Wired) => benches.map(({ node }) => node.founding.name)

/** Nodes on disks that are not started yet. */
function machines(seed = 1, first = 1, names: readonly string[] = NAMES): Wired {
  const wired = new Wired(names, { durable: true, seed, node: ORDER })
  for (const [index, name] of names.entries())
    wired.benches[index] = wired.make(name, {
      disk: new HandDisk(true, first + index),
      seed: seed + index,
      node: ORDER,
    })
  return wired
}

/** Starts these. */
function begin(wired: Wired, ...members: readonly number[]): void {
  for (const index of members) {
    const { node, probe } = wired.benches[index]!
    node.start(probe)
  }
  pass(wired, PATIENT)
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
  it('a majority begins, and hears no other words than its own', () => {
    for (const members of [
      [0, 1],
      [1, 2],
      [2, 0],
    ]) {
      const wired = machines()
      begin(wired, ...members)
      const first = 1 + Math.min(...members)
      for (const index of members) expect([memories(wired)[index], names(wired)[index]]).toEqual(['blank', first])
      expect(heard(wired, members[0]!)).toEqual([`ping 7 from ${NAMES[members[1]!]}`])
    }
  })

  it('one that comes later has forgotten, with whatever memory and order, and however often', () => {
    for (const bootstrap of [true, false]) {
      const wired = machines()
      begin(wired, 0, 1)
      for (const incarnation of [3, 33]) {
        const late = start(wired, 2, new HandDisk(true, incarnation), { ...node, bootstrap })
        pass(wired, PATIENT)
        expect([late.node.memory, names(wired)]).toEqual(['lost', [1, 1, 1]])
        kill(wired, 2)
      }
    }
  })

  it('one that has taken part and comes again without its records has forgotten, though who knew it is not there', () => {
    const wired = machines()
    begin(wired, 0, 2)
    kill(wired, 0)
    start(wired, 1, undefined, ORDER)
    pass(wired, PATIENT)
    wired.benches[1]!.node.setTimer(0, () => wired.benches[1]!.node.regain())
    pass(wired, PATIENT)
    expect(memories(wired)[1]).toBe('kept')
    for (const index of [1, 2]) kill(wired, index)
    start(wired, 0, undefined, ORDER)
    const again = start(wired, 1, new HandDisk(true, 22), ORDER)
    pass(wired, 5000)
    expect(memories(wired).slice(0, 2)).toEqual([null, 'lost'])
    start(wired, 2, undefined, ORDER)
    pass(wired, PATIENT)
    expect([memories(wired), again.failures]).toEqual([['kept', 'lost', 'kept'], []])
  })

  it('left on, two of three that have lost their disks do not begin anew where the third remembers', () => {
    const wired = machines()
    begin(wired, 0, 1, 2)
    for (const index of [0, 1, 2]) kill(wired, index)
    for (const index of [0, 1]) start(wired, index, new HandDisk(true, 77 + index), ORDER)
    start(wired, 2)
    pass(wired, 2 * PATIENT)
    expect([memories(wired), names(wired)]).toEqual([
      ['lost', 'lost', null],
      [1, 1, 1],
    ])
  })

  it('a disk of before the cluster began is no new one, though those who remember do not take part yet', () => {
    const wired = machines()
    const image = imageOf(wired.benches[0]!)
    begin(wired, 0, 1, 2)
    work(wired, 0)
    for (const index of [0, 1, 2]) kill(wired, index)
    wired.times = ({ frames }) => (frames.some((frame) => contentOf(frame).name === 'Epoch') ? 0 : 1)
    start(wired, 0, image)
    // Nor are announcements lost with what goes beside them.
    pass(wired, 50)
    for (const index of [1, 2]) start(wired, index)
    pass(wired, 2000)
    expect([memories(wired), names(wired)]).toEqual([
      [null, null, null],
      [1, 1, 1],
    ])
    wired.times = () => 1
    pass(wired, 2000)
    expect(memories(wired)).toEqual(['lost', 'kept', 'kept'])
  })

  it.each([0, 1])('one that came and went is not waited for, whom of two it has met (%i)', (met) => {
    const wired = machines()
    for (const index of [met, 2]) start(wired, index, undefined, index === 1 ? ORDER : node)
    pass(wired, 200)
    kill(wired, 2)
    start(wired, 1 - met, undefined, met === 1 ? node : ORDER)
    pass(wired, 3 * PATIENT)
    expect([memories(wired).slice(0, 2), names(wired).slice(0, 2)]).toEqual([
      ['blank', 'blank'],
      [1, 1],
    ])
  })

  it('of two halves that do not hear each other none begins', () => {
    const wired = machines(1, 1, FIVE.slice(0, 4))
    wired.times = ({ to }, from) => (to.index < 2 === from.node.id.index < 2 ? 1 : 0)
    begin(wired, 0, 1, 2, 3)
    pass(wired, 5000)
    expect(memories(wired)).toEqual([null, null, null, null])
  })
})

describe('a cluster that has just begun', () => {
  it('goes on however many of its members are killed before they know of it', () => {
    let apart = 0
    for (let budget = 10; budget <= 150; budget++) {
      const wired = new Wired(FIVE, { durable: true, node })
      for (const { node, probe } of wired.benches) node.start(probe)
      // One message at a time, so that they get to know it one after the other.
      let left = budget
      wired.times = () => (left-- > 0 ? 1 : 0)
      pass(wired, 300)
      const began = memories(wired).filter((memory) => memory !== null).length
      if (began > 0 && began < FIVE.length) apart += 1
      for (const index of FIVE.keys()) kill(wired, index)
      wired.times = () => 1
      for (const index of FIVE.keys()) start(wired, index)
      pass(wired, 5000)
      expect(memories(wired).filter((memory) => memory === 'blank' || memory === 'kept')).toHaveLength(FIVE.length)
    }
    expect(apart).toBeGreaterThan(3)
  })
})

describe('a directory of an earlier cluster', () => {
  /** A cluster that was begun by order, node by node; the last one's disk at the end. */
  function earlier(): HandDisk {
    const wired = machines()
    begin(wired, 0, 1, 2)
    expect(memories(wired)).toEqual(['blank', 'blank', 'blank'])
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

  it('gets no answer to a request that it sends on to a node of another, nor one from it to its own', () => {
    const first = running()
    for (const index of [0, 1, 2]) work(first, index)
    const disks = first.benches.map(imageOf)
    const wired = later()
    kill(wired, 1)
    for (const index of [1, 2]) start(wired, index, disks[index])
    pass(wired, 5000)
    const [stranger, origin, target] = wired.benches as [Bench, Bench, Bench]
    const outcomes: string[] = []
    for (const to of [stranger, target]) {
      origin.probe.onRequestDo = (request) => origin.node.forward(to.node.id, request)
      origin.node.submit(put(to.node.id.name, Uint8Array.of(1)), '', ({ ok }) => outcomes.push(`${ok}`))
      pass(wired, 50)
    }
    expect([stranger.probe.requests, target.probe.requests.map(({ command }) => command.key)]).toEqual([[], ['1.3']])
    const answers: Uint8Array[] = []
    wired.times = ({ frames }) => {
      answers.push(...frames.filter((frame) => contentOf(frame).name === 'Answer'))
      return 0
    }
    target.node.reply(target.probe.requests[0]!, { value: null, version: 1, effect: 'done' }, null)
    pass(wired, 50)
    const [answer] = answers.map((frame) => contentOf(frame).values as never)
    // As it would come from a directory of the other cluster in the place of the one that was asked.
    for (const { name } of [stranger.node.founding, origin.node.founding]) {
      expect(outcomes).toEqual([])
      origin.node.receive(target.node.id, frameOf(Answer, answer!, name))
      pass(wired, 50)
    }
    expect(outcomes).toEqual(['true'])
  })

  it('whose place has been taken by a new one is a stranger no more', () => {
    const wired = later()
    start(wired, 2, earlier())
    pass(wired, 5000)
    const { node: fresh } = start(wired, 2, new HandDisk(true, 77), ORDER)
    pass(wired, PATIENT)
    expect([fresh.memory, heard(wired, 0)]).toEqual(['lost', ['ping 7 from 1.2', 'ping 7 from 1.3']])
  })

  it('is told also where that cluster went by the same name, since its first member had not begun', () => {
    const first = machines()
    for (const index of [0, 1, 2]) first.benches[index]!.node.start(first.benches[index]!.probe)
    first.times = ({ to }) => (to.index === 0 ? 0 : 1)
    pass(first, 500)
    first.times = () => 1
    pass(first, 1000)
    for (let epochs = 0; epochs < 5; epochs++) for (const index of [1, 2]) work(first, index)
    const wired = machines(50, 1)
    for (const index of [1, 2])
      wired.benches[index] = wired.make(NAMES[index]!, {
        disk: new HandDisk(true, 900 + index),
        seed: 60 + index,
        node,
      })
    begin(wired, 0, 1, 2)
    expect(names(wired)).toEqual(names(first))
    kill(wired, 2)
    const strange = start(wired, 2, imageOf(first.benches[2]!))
    pass(wired, 5000)
    expect([strange.failures.map(String), memories(wired)]).toEqual([[STRANGE], ['blank', 'blank', null]])
  })
})
