/** The order of things within a turn, what leaves at its end, and what ends a node. */
import { describe, expect, it } from 'vitest'
import { type Bench, frameOf, startedBench } from '../test/support/bench.ts'
import { Beat, Ping } from '../test/support/probe.ts'
import { FRAME_HEADER, seal } from './codec/frame.ts'
import { message, uint53 } from './codec/schema.ts'
import { get } from './command.ts'

describe('a turn', () => {
  it('begins once, soon after whatever came in', () => {
    const { clock, probe, ...bench } = startedBench()
    expect(clock.due).toBe(0)
    bench.node.receive(bench.cluster.at(1), new Uint8Array(0))
    expect(clock.due).toBe(1)
    clock.settle()
    probe.take()
    expect(clock.due).toBe(0)
  })

  it('takes heartbeats, then timers, before all else: what came while it was held up is heard before it rings', () => {
    const bench = startedBench()
    bench.hear('1.2', Ping, { n: 1 })
    bench.hear('1.3', Beat, { n: 2 })
    bench.node.setTimer(5, () => bench.probe.notes.push('timer'))
    bench.clock.pass(5)
    bench.hear('1.2', Beat, { n: 3 })
    bench.hear('1.3', Ping, { n: 4 })
    bench.node.submit(get('k'), '', () => {})
    expect(bench.clock.turn()).toBe(1)
    expect(bench.probe.take()).toEqual([
      'beat 2 from 1.3',
      'beat 3 from 1.2',
      'timer',
      'ping 1 from 1.2',
      'ping 4 from 1.3',
      'request k',
      'turn end',
    ])
  })

  it('handles 1024 events and leaves the rest to the next, heartbeats that come meanwhile first', () => {
    const bench = startedBench()
    for (let n = 0; n < 1500; n++) bench.hear('1.2', Ping, { n })
    bench.clock.turn()
    expect(bench.probe.take()).toHaveLength(1024 + 1)
    bench.hear('1.2', Beat, { n: 7 })
    expect(bench.clock.turn()).toBe(1)
    const notes = bench.probe.take()
    expect(notes.slice(0, 2)).toEqual(['beat 7 from 1.2', 'ping 1024 from 1.2'])
    expect(notes).toHaveLength(1 + 476 + 1)
    expect(bench.clock.due).toBe(0)
  })

  it('drains the loopback after each handler, what that sends itself included, and after onTurnEnd', () => {
    const bench = startedBench()
    const { node, probe } = bench
    probe.onPingDo = (n, from) => {
      if (from !== node.id) node.send(node.id, Ping, { n: n + 100 })
      else if (n < 200) node.broadcast(Ping, { n: n + 100 })
    }
    let ends = 0
    probe.onTurnEndDo = () => ends++ === 0 && node.send(node.id, Ping, { n: 900 })
    bench.hear('1.2', Ping, { n: 1 })
    bench.hear('1.3', Ping, { n: 2 })
    bench.clock.turn()
    expect(probe.take()).toEqual([
      'ping 1 from 1.2',
      'ping 101 from 1.1',
      'ping 201 from 1.1',
      'ping 2 from 1.3',
      'ping 102 from 1.1',
      'ping 202 from 1.1',
      'turn end',
      'ping 900 from 1.1',
    ])
    expect(bench.sent()).toEqual(['1.2: Ping 201, Ping 202', '1.3: Ping 201, Ping 202'])
  })

  it('never re-enters a handler', () => {
    const bench = startedBench()
    let inside = 0
    bench.probe.onPingDo = (n) => {
      expect(++inside).toBe(1)
      if (n < 5) bench.node.broadcast(Ping, { n: n + 1 })
      bench.node.submit(get('k'), '', () => {})
      inside -= 1
    }
    bench.hear('1.2', Ping, { n: 1 })
    bench.clock.settle()
    expect(bench.probe.notes).toContain('ping 5 from 1.1')
    expect(bench.failures).toEqual([])
  })

  it('makes one write per peer, whoever emitted', () => {
    const bench = startedBench()
    const { node, probe } = bench
    probe.onPingDo = (n) => node.send(bench.peer('1.2'), Ping, { n: n * 10 })
    probe.onTurnEndDo = () => node.multicast(node.peers, Beat, { n: 9 })
    bench.hear('1.2', Ping, { n: 1 })
    bench.hear('1.3', Ping, { n: 2 })
    bench.clock.turn()
    expect(bench.sent()).toEqual(['1.2: Ping 10, Ping 20, Beat 9', '1.3: Beat 9'])
  })

  it('encodes a broadcast once, and delivers it to this node as well', () => {
    const bench = startedBench()
    bench.probe.onBeatDo = (n, from) => from !== bench.node.id && bench.node.broadcast(Ping, { n })
    bench.hear('1.2', Beat, { n: 6 })
    bench.clock.turn()
    expect(bench.writes).toHaveLength(2)
    expect(bench.writes[0]!.frames[0]).toBe(bench.writes[1]!.frames[0])
    expect(bench.probe.take()).toEqual(['beat 6 from 1.2', 'ping 6 from 1.1', 'turn end'])
  })

  it('encodes nothing for a multicast to nobody or to this node alone', () => {
    const bench = startedBench()
    const lie = {
      get n(): number {
        throw new Error('encoded')
      },
    }
    bench.probe.onBeatDo = () => {
      bench.node.multicast([], Ping, lie)
      bench.node.multicast([bench.node.id], Beat, { n: 2 })
      bench.probe.onBeatDo = () => {}
    }
    bench.hear('1.2', Beat, { n: 1 })
    bench.clock.turn()
    expect(bench.failures).toEqual([])
    expect(bench.probe.take()).toEqual(['beat 1 from 1.2', 'beat 2 from 1.1', 'turn end'])
    expect(bench.sent()).toEqual([])
  })
})

describe('timers', () => {
  it('ring once, in a turn', () => {
    const bench = startedBench()
    let rings = 0
    const timer = bench.node.setTimer(10, () => rings++)
    bench.clock.pass(9)
    bench.clock.settle()
    expect(rings).toBe(0)
    bench.clock.pass(1)
    expect(rings).toBe(0)
    bench.clock.turn()
    expect(rings).toBe(1)
    expect(timer.alarm).toBeNull()
    bench.clock.pass(100)
    bench.clock.settle()
    expect(rings).toBe(1)
  })

  it('do not ring once cleared, also between alarm and turn', () => {
    const bench = startedBench()
    let rings = 0
    const early = bench.node.setTimer(10, () => rings++)
    bench.node.clearTimer(early)
    expect(bench.clock.alarms).toBe(0)
    const late = bench.node.setTimer(10, () => rings++)
    bench.clock.pass(10)
    bench.node.clearTimer(late)
    bench.clock.settle()
    expect(rings).toBe(0)
    for (const harmless of [null, early, late]) bench.node.clearTimer(harmless)
  })

  it('may be set again by their own ring', () => {
    const bench = startedBench()
    const rings: number[] = []
    const begin = bench.clock.time
    const ring = () => {
      rings.push(bench.node.now())
      if (rings.length < 3) bench.node.setTimer(10, ring)
    }
    bench.node.setTimer(10, ring)
    for (let i = 0; i < 6; i++) {
      bench.clock.pass(10)
      bench.clock.settle()
    }
    expect(rings.map((at) => at - begin)).toEqual([10, 20, 30])
  })
})

describe('bad frames', () => {
  const empty = (number: number, ...payload: number[]) =>
    seal(Uint8Array.from([...new Uint8Array(FRAME_HEADER), ...payload]), number)
  const bad = [
    { name: 'an unknown number', frame: empty(999), reason: 'a message of unknown number 999' },
    {
      name: 'a number between the node’s and the protocol’s',
      frame: empty(15),
      reason: 'a message of unknown number 15',
    },
    { name: 'a payload without its field', frame: empty(17), reason: /^Ping: missing required/ },
    { name: 'a payload that is no message', frame: empty(17, 0xff, 0xff), reason: /^Ping: / },
    { name: 'no bytes at all', frame: new Uint8Array(0), reason: /^Announce: missing required/ },
  ]
  it.each(bad)('$name: the connection is closed and no handler is called', ({ frame, reason }) => {
    const bench = startedBench()
    bench.node.receive(bench.peer('1.3'), frame)
    bench.clock.settle()
    expect(bench.rejected).toHaveLength(1)
    expect(bench.rejected[0]).toMatch(typeof reason === 'string' ? `1.3: ${reason}` : /^1\.3: /)
    if (reason instanceof RegExp) expect(bench.rejected[0]!.slice(5)).toMatch(reason)
    expect(bench.probe.take().filter((note) => note !== 'turn end')).toEqual([])
    expect(bench.failures).toEqual([])
    bench.hear('1.3', Ping, { n: 1 })
    bench.clock.settle()
    expect(bench.probe.take()).toContain('ping 1 from 1.3')
  })
})

describe('a full inbox', () => {
  it('drops messages beyond its bound, counts them, and takes more once it is empty', () => {
    const bench = startedBench({ node: { maxInbox: 3 } })
    for (let n = 1; n <= 5; n++) bench.hear('1.2', Ping, { n })
    expect(bench.node.load.dropped).toBe(2)
    bench.clock.settle()
    expect(bench.probe.take()).toEqual(['ping 1 from 1.2', 'ping 2 from 1.2', 'ping 3 from 1.2', 'turn end'])
    bench.hear('1.2', Ping, { n: 6 })
    bench.clock.settle()
    expect(bench.probe.take()).toEqual(['ping 6 from 1.2', 'turn end'])
  })

  it('does not starve elections: heartbeats have a bound of their own', () => {
    const bench = startedBench({ node: { maxInbox: 3 } })
    for (let n = 1; n <= 5; n++) bench.hear('1.2', Ping, { n })
    for (let n = 6; n <= 500; n++) bench.hear('1.3', Beat, { n })
    expect(bench.node.load.dropped).toBe(2 + 492)
    bench.clock.settle()
    expect(bench.probe.take()).toEqual([
      ...[6, 7, 8].map((n) => `beat ${n} from 1.3`),
      ...[1, 2, 3].map((n) => `ping ${n} from 1.2`),
      'turn end',
    ])
  })
})

describe('an inbox full of bytes', () => {
  const bytes = frameOf(Ping, { n: 1 }).length

  it('drops messages beyond its bound, and no heartbeats', () => {
    const bench = startedBench({ node: { maxInboxBytes: 2 * bytes } })
    for (let n = 1; n <= 4; n++) bench.hear('1.2', Ping, { n })
    bench.hear('1.3', Beat, { n: 5 })
    expect([bench.node.load.dropped, bench.node.load.inboxBytes]).toEqual([2, 2 * bytes])
    bench.clock.settle()
    expect(bench.probe.take()).toEqual(['beat 5 from 1.3', 'ping 1 from 1.2', 'ping 2 from 1.2', 'turn end'])
    expect(bench.node.load.inboxBytes).toBe(0)
    bench.hear('1.2', Ping, { n: 6 })
    bench.clock.settle()
    expect(bench.probe.take()).toEqual(['ping 6 from 1.2', 'turn end'])
  })

  it('takes a message that is longer by itself where none waits', () => {
    const bench = startedBench({ node: { maxInboxBytes: 1 } })
    for (let n = 1; n <= 2; n++) bench.hear('1.2', Ping, { n })
    bench.clock.settle()
    expect(bench.probe.take()).toEqual(['ping 1 from 1.2', 'turn end'])
  })
})

describe('an answer’s receiver that throws', () => {
  it('is logged, keeps no other answer back, and does not stop the node', () => {
    const bench = startedBench()
    const heard: string[] = []
    bench.probe.onRequestDo = (request) => bench.node.refuse(request, 'unavailable', 'no leader')
    bench.node.submit(get('a'), '', fail)
    bench.node.submit(get('b'), '', () => heard.push('b'))
    bench.clock.settle()
    expect([heard, bench.errors, bench.failures]).toEqual([['b'], ['answer not taken'], []])
    bench.node.submit(get('c'), '', () => heard.push('c'))
    bench.clock.settle()
    expect(heard).toEqual(['b', 'c'])
  })
})

describe('a disk that fails', () => {
  it.each([
    { how: 'at once', arrange: (b: Bench) => (b.disk.sync = fail), later: () => {} },
    {
      how: 'at once, by its callback',
      arrange: (b: Bench) => (b.disk.sync = (_, failed) => failed(DEFECT)),
      later: () => {},
    },
    { how: 'later', arrange: () => {}, later: (b: Bench) => b.disk.fail(DEFECT) },
  ])('$how stops the node, once, and what waited for it never leaves', ({ arrange, later }) => {
    const bench = startedBench({ durable: true })
    arrange(bench)
    bench.probe.onPingDo = (n) => {
      bench.node.persist(bench.noted, { n })
      bench.node.send(bench.peer('1.3'), Beat, { n })
    }
    bench.hear('1.2', Ping, { n: 1 })
    bench.clock.settle()
    later(bench)
    bench.hear('1.2', Ping, { n: 2 })
    bench.clock.settle()
    expect([bench.failures, bench.sent()]).toEqual([[DEFECT], []])
    expect(bench.node.failure).toBe(DEFECT)
    expect(bench.probe.take()).not.toContain('ping 2 from 1.2')
  })
})

describe('a failing handler', () => {
  it('stops the node at once: nothing of that turn leaves, no later event is handled, and the failure is told once', () => {
    const bench = startedBench()
    const failure = new Error('a defect')
    bench.probe.onPingDo = (n) => {
      bench.node.broadcast(Beat, { n }, 'urgent')
      if (n === 2) throw failure
    }
    for (let n = 1; n <= 3; n++) bench.hear('1.2', Ping, { n })
    bench.clock.settle()
    expect(bench.failures).toEqual([failure])
    expect(bench.node.failure).toBe(failure)
    expect(bench.probe.take()).toEqual(['ping 1 from 1.2', 'beat 1 from 1.1', 'ping 2 from 1.2'])
    bench.hear('1.2', Ping, { n: 4 })
    bench.node.setTimer(1, () => expect.unreachable())
    bench.clock.pass(5000)
    bench.clock.settle()
    expect(bench.sent()).toEqual([])
    expect(bench.failures).toHaveLength(1)
    expect(bench.probe.take()).toEqual([])
  })

  it.each([
    { where: 'onTurnEnd', arrange: (b: Bench) => (b.probe.onTurnEndDo = fail) },
    { where: 'onRequest', arrange: (b: Bench) => (b.probe.onRequestDo = fail) },
    { where: 'a timer', arrange: (b: Bench) => b.node.setTimer(0, fail) },
    {
      where: 'a message of no registered class',
      arrange: (b: Bench) => {
        class Stranger extends message({ n: uint53 }) {}
        b.probe.onRequestDo = () => b.node.send(b.peer('1.2'), Stranger, { n: 1 })
      },
    },
  ])('in $where stops the node too', ({ arrange }) => {
    const bench = startedBench()
    arrange(bench)
    bench.node.submit(get('k'), '', () => {})
    bench.clock.pass(0)
    bench.clock.settle()
    expect(bench.failures).toHaveLength(1)
    expect(bench.clock.due).toBe(0)
  })
})

const DEFECT = new Error('a defect')

function fail(): never {
  throw DEFECT
}

describe('stop', () => {
  it('between turns: nothing is handled and nothing leaves any more', () => {
    const bench = startedBench()
    bench.probe.onPingDo = (n) => bench.node.broadcast(Beat, { n })
    bench.hear('1.2', Ping, { n: 1 })
    bench.node.stop()
    bench.clock.settle()
    bench.hear('1.2', Ping, { n: 2 })
    bench.clock.settle()
    expect(bench.probe.take()).toEqual([])
    expect(bench.sent()).toEqual([])
    expect(bench.failures).toEqual([])
  })

  it.each(['in a handler', 'at the end of a turn'])('%s: no event is handled after it, and nothing leaves', (where) => {
    const bench = startedBench()
    const stop = () => {
      bench.node.send(bench.peer('1.3'), Beat, { n: 1 }, 'urgent')
      bench.node.stop()
    }
    if (where === 'in a handler') bench.probe.onPingDo = stop
    else bench.probe.onTurnEndDo = stop
    bench.hear('1.2', Ping, { n: 1 })
    bench.clock.turn()
    bench.hear('1.2', Ping, { n: 2 })
    bench.clock.settle()
    expect(bench.probe.take().filter((note) => note.startsWith('ping'))).toEqual(['ping 1 from 1.2'])
    expect([bench.sent(), bench.failures]).toEqual([[], []])
  })

  it('in a handler: an event of the same turn that comes after it is not handled', () => {
    const bench = startedBench()
    bench.probe.onPingDo = () => bench.node.stop()
    for (const n of [1, 2]) bench.hear('1.2', Ping, { n })
    bench.clock.settle()
    expect(bench.probe.take()).toEqual(['ping 1 from 1.2'])
  })
})
