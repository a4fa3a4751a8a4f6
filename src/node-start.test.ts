/** How a node starts: blank, with its memory, or knowing that it has lost it; and what it does until it knows. */
import { describe, expect, it } from 'vitest'
import { Bench, contentOf } from '../test/support/bench.ts'
import { HandDisk } from '../test/support/hand-disk.ts'
import { Noted, Ping } from '../test/support/probe.ts'
import { Wired } from '../test/support/wired.ts'
import { get } from './command.ts'
import { BOOTSTRAP_PATIENCE_MS } from './founding.ts'
import { Cluster } from './node-id.ts'
import { Announce } from './node-messages.ts'
import { Xoshiro } from './parts/xoshiro.ts'

const NAMES = ['1.1', '1.2', '1.3']
const memories = ({ benches }: Wired) => benches.map(({ node }) => node.memory)

/** A cluster of three that has started. */
function running(durable: boolean): Wired {
  const wired = new Wired(NAMES, { durable })
  for (const { node, probe } of wired.benches) node.start(probe)
  wired.finish()
  return wired
}

/** Ends a member's process and starts it again: on its disk, or with a new incarnation where it has none. */
function restart(wired: Wired, index: number, disk?: HandDisk): Bench {
  const before = wired.benches[index]!
  before.node.stop()
  before.disk.crash()
  if (!before.disk.durable) before.disk.incarnation += 100
  const bench = wired.make(NAMES[index]!, { disk: disk ?? before.disk, seed: 50 + index })
  wired.benches[index] = bench
  bench.node.start(bench.probe)
  return bench
}

describe('a new cluster', () => {
  it.each([true, false])('starts blank when all have come (durable: %s), and not before', (durable) => {
    const wired = new Wired(NAMES, { durable })
    const [first, second, third] = wired.benches as [Bench, Bench, Bench]
    for (const { node, probe } of [first, second]) node.start(probe)
    wired.finish()
    expect(memories(wired)).toEqual([null, null, null])
    expect(first.node.founding.awaited).toEqual([third.node.id])
    expect(first.probe.notes).toEqual([])
    third.node.start(third.probe)
    wired.finish()
    wired.pass(200)
    wired.finish()
    expect(memories(wired)).toEqual(['blank', 'blank', 'blank'])
    for (const { node, probe, failures } of wired.benches) {
      expect(probe.notes[0]).toBe('start blank')
      expect(probe.notes.filter((note) => note.startsWith('start'))).toHaveLength(1)
      expect([node.founding.awaited, failures]).toEqual([[], []])
    }
  })

  it('of one starts at once', () => {
    const bench = new Bench({ cluster: new Cluster(['1.1']) })
    bench.node.start(bench.probe)
    bench.clock.settle()
    expect(bench.probe.notes).toEqual(['start blank', 'turn end'])
    expect(bench.clock.alarms).toBe(0)
  })

  it('starts although announcements are lost: they are repeated', () => {
    const wired = new Wired(NAMES)
    const chance = new Xoshiro(4)
    wired.times = () => (chance.below(3) === 0 ? 1 : 0)
    for (const { node, probe } of wired.benches) node.start(probe)
    wired.pass(3000)
    expect(memories(wired)).toEqual(['blank', 'blank', 'blank'])
  })

  it('announces no start before the record of it is on disk', () => {
    const wired = new Wired(NAMES, { durable: true })
    const claims: boolean[] = []
    wired.times = ({ frames }, from) => {
      for (const frame of frames) {
        const { name, values } = contentOf(frame)
        if (name === 'Announce' && values.founding) claims.push(from.disk.synced > 0)
      }
      return 1
    }
    for (const { node, probe } of wired.benches) node.start(probe)
    wired.finish()
    wired.pass(200)
    wired.finish()
    expect(memories(wired)).toEqual(['blank', 'blank', 'blank'])
    expect(claims).not.toEqual([])
    expect(claims).not.toContain(false)
  })

  it('by order of the operator starts with a majority, once it has listened for all, and not alone', () => {
    const wired = new Wired(NAMES, { durable: true, node: { bootstrap: true } })
    const [first, second] = wired.benches as [Bench, Bench]
    first.node.start(first.probe)
    wired.pass(2 * BOOTSTRAP_PATIENCE_MS)
    expect([first.node.memory, first.node.founding.awaited.map(({ name }) => name)]).toEqual([null, ['1.2', '1.3']])
    second.node.start(second.probe)
    wired.pass(1000)
    wired.finish()
    expect([memories(wired), first.disk.records.length]).toEqual([['blank', 'blank', null], 1])
  })
})

describe('until it knows its memory', () => {
  it('messages of the protocol are lost, and requests wait for the start', () => {
    const bench = new Bench()
    bench.node.start(bench.probe)
    bench.hear('1.2', Ping, { n: 1 })
    bench.node.submit(get('early'), '', () => {})
    bench.clock.settle()
    expect(bench.probe.notes).toEqual([])
    bench.announce('1.2', 20, [1, 20, 30], 1)
    bench.clock.settle()
    expect(bench.probe.notes).toEqual(['start blank', 'request early', 'turn end'])
    expect(bench.rejected).toEqual([])
  })

  it('a request is refused at its deadline, and never taken afterwards', () => {
    const bench = new Bench()
    bench.node.start(bench.probe)
    const answers: string[] = []
    bench.node.submit(get('early'), '', (outcome) => answers.push(outcome.ok ? 'ok' : outcome.code))
    for (let passed = 0; passed < 2100; passed += 50) {
      bench.clock.pass(50)
      bench.clock.settle()
    }
    expect(answers).toEqual(['unavailable'])
    bench.probe.onRequestDo = (request) => expect(request.take()).toBe(false)
    bench.announce('1.2', 20, [1, 20, 30], 1)
    bench.clock.settle()
    expect(bench.node.memory).toBe('blank')
    expect(bench.failures).toEqual([])
  })

  it('a request that was answered is not kept', () => {
    const bench = new Bench({ node: { maxRequests: 1, requestTimeoutMs: 50 } })
    bench.node.start(bench.probe)
    for (let i = 0; i < 20; i++) {
      bench.node.submit(get(`${i}`), '', () => {})
      bench.clock.settle()
      bench.clock.pass(100)
      bench.clock.settle()
    }
    bench.announce('1.2', 20, [1, 20, 30], 1)
    bench.clock.settle()
    expect(bench.node.memory).toBe('blank')
    expect(bench.probe.requests.length).toBeLessThanOrEqual(1)
  })

  it('frames that come before the start are lost', () => {
    const bench = new Bench()
    bench.hear('1.2', Announce, {
      incarnation: 20,
      seen: [1, 20, 30],
      founding: 1,

      challenge: 1,
      echo: 1,
    })
    bench.hear('1.2', Ping, { n: 1 })
    expect(bench.clock.due).toBe(0)
    bench.node.start(bench.probe)
    bench.clock.settle()
    expect([bench.node.memory, bench.probe.notes, bench.failures]).toEqual([null, [], []])
  })
})

describe('a node that comes back', () => {
  it('with its disk: it has all its records, in order, before it starts, and asks nobody', () => {
    const wired = running(true)
    const [first] = wired.benches as [Bench]
    first.node.setTimer(0, () => {
      for (let n = 1; n <= 3; n++) first.node.persist(Noted, { n })
    })
    wired.clock.pass(0)
    wired.finish()
    for (let life = 0; life < 2; life++) {
      const again = restart(wired, 0)
      wired.clock.turn()
      expect(again.probe.notes).toEqual(['recover 1', 'recover 2', 'recover 3', 'start kept', 'turn end'])
      expect(again.sent()).toEqual([])
    }
  })

  it('with a disk whose last records were not synced: it has the rest', () => {
    const wired = running(true)
    const [first] = wired.benches as [Bench]
    first.node.setTimer(0, () => first.node.persist(Noted, { n: 1 }))
    wired.clock.pass(0)
    wired.settle()
    const again = restart(wired, 0)
    wired.finish()
    expect(again.probe.notes[0]).toBe('start kept')
  })

  it('with an empty disk, before the record of its start was synced: it is blank again, for it has said nothing', () => {
    const wired = new Wired(NAMES, { durable: true })
    for (const { node, probe } of wired.benches) node.start(probe)
    wired.settle()
    const again = restart(wired, 0)
    wired.finish()
    wired.pass(300)
    wired.finish()
    expect(again.node.memory).toBe('blank')
    expect(memories(wired)).toEqual(['blank', 'blank', 'blank'])
  })

  it('without a disk: it has lost its memory, and says so to itself again after each restart', () => {
    const wired = running(false)
    for (let life = 0; life < 3; life++) {
      const again = restart(wired, 0)
      wired.settle()
      expect(again.probe.notes[0]).toBe('start lost')
      again.node.regain()
      expect(again.node.memory).toBe('kept')
    }
  })

  it('with a new disk: lost, also on the next start, until it has regained it; from then on kept', () => {
    const wired = running(true)
    const disk = new HandDisk(true, 77)
    expect(restart(wired, 0, disk).node.memory).toBeNull()
    wired.finish()
    expect(memories(wired)).toEqual(['lost', 'blank', 'blank'])
    const again = restart(wired, 0)
    wired.finish()
    expect([again.node.memory, again.probe.notes[0]]).toEqual(['lost', 'start lost'])
    again.node.setTimer(0, () => {
      again.node.persist(Noted, { n: 5 })
      again.node.regain()
    })
    wired.clock.pass(0)
    wired.finish()
    expect(again.node.memory).toBe('kept')
    expect(restart(wired, 0).node.memory).toBeNull()
    wired.finish()
    expect(wired.benches[0]!.probe.notes.slice(0, 2)).toEqual(['recover 5', 'start kept'])
  })

  it('whose regaining was not synced has still lost it', () => {
    const wired = running(true)
    const lost = restart(wired, 0, new HandDisk(true, 77))
    wired.finish()
    lost.node.setTimer(0, () => lost.node.regain())
    wired.clock.pass(0)
    wired.settle()
    const again = restart(wired, 0)
    wired.finish()
    expect(again.node.memory).toBe('lost')
  })

  it('with a disk that knows that it has forgotten: lost, by the word of one that remembers, and never blank', () => {
    const disk = () => Object.assign(new HandDisk(true, 77), { forgot: true })
    const wired = running(true)
    const again = restart(wired, 0, disk())
    expect(again.node.founding.awaited).toEqual(again.node.peers)
    wired.finish()
    expect(memories(wired)).toEqual(['lost', 'blank', 'blank'])
    const alone = new Wired(NAMES, { durable: true, node: { bootstrap: true } })
    const forgetful = restart(alone, 0, disk())
    for (const { node, probe } of alone.benches.slice(1)) node.start(probe)
    alone.pass(BOOTSTRAP_PATIENCE_MS - 500)
    alone.finish()
    expect([memories(alone), forgetful.node.founding.awaited]).toEqual([[null, null, null], []])
    alone.pass(1000)
    alone.finish()
    expect(memories(alone)).toEqual(['lost', 'blank', 'blank'])
  })

  it('two that forgot together do not vouch for each other', () => {
    const wired = running(false)
    wired.times = ({ to }, from) => (to.index === 2 || from.node.id.index === 2 ? 0 : 1)
    restart(wired, 0)
    restart(wired, 1)
    wired.pass(1000)
    expect(memories(wired)).toEqual([null, null, 'blank'])
    wired.times = () => 1
    wired.pass(200)
    expect(memories(wired)).toEqual(['lost', 'lost', 'blank'])
  })
})

describe('by order of the operator, although the cluster is not new', () => {
  const order = { node: { bootstrap: true } }

  it('a node that its peers knew has lost its memory', () => {
    const wired = running(false)
    const before = wired.benches[0]!
    before.node.stop()
    const disk = new HandDisk(false, before.disk.incarnation + 100)
    const again = wired.make('1.1', { ...order, disk })
    wired.benches[0] = again
    again.node.start(again.probe)
    wired.pass(1000)
    expect(again.probe.notes.filter((note) => note.startsWith('start'))).toEqual(['start lost'])
  })

  it('nodes that are all told so at once start with one table, and each is known', () => {
    const wired = new Wired(NAMES, order)
    for (const { node, probe } of wired.benches) node.start(probe)
    wired.pass(1000)
    expect(memories(wired)).toEqual(['blank', 'blank', 'blank'])
    restart(wired, 0)
    wired.pass(300)
    expect(memories(wired)).toEqual(['lost', 'blank', 'blank'])
  })
})

describe('a log that is not ours', () => {
  it.each([
    { name: 'a record of unknown number', record: { number: 999, payload: new Uint8Array(0) } },
    { name: 'a record without its fields', record: { number: 16, payload: new Uint8Array(0) } },
  ])('$name stops the node before it says anything', ({ record }) => {
    const bench = new Bench({ durable: true })
    bench.disk.append(record)
    bench.node.start(bench.probe)
    bench.clock.settle()
    expect(bench.failures).toHaveLength(1)
    expect(bench.failures[0]).toMatchObject({ code: 'malformed' })
    expect([bench.node.memory, bench.sent(), bench.probe.notes]).toEqual([null, [], []])
  })
})

describe('nodes that can talk to each other', () => {
  it('have the same fingerprint', () => {
    const [a, b] = [new Bench(), new Bench({ name: '1.2' })]
    expect(a.node.messages.fingerprint).toBe(b.node.messages.fingerprint)
    expect(a.node.messages.fingerprint).toMatch(/^[0-9a-f]{8}$/)
  })
})
