/** Output commit: nothing that rests on a record leaves before that record is on disk. */
import { describe, expect, it } from 'vitest'
import { type Bench, startedBench } from '../test/support/bench.ts'
import { Beat, Noted, Ping } from '../test/support/probe.ts'
import { get } from './command.ts'
import type { Outcome } from './request.ts'

const DONE = { value: null, version: 0, effect: 'done' as const }

/** A started node with a disk. */
function durable(): Bench {
  return startedBench({ durable: true })
}

/** Lets one event do something in a turn of its own. */
function within(bench: Bench, run: () => void): void {
  bench.node.setTimer(0, run)
  bench.clock.pass(0)
  bench.clock.turn()
}

describe('with records under way to the disk', () => {
  it('a message waits for the sync, and an urgent one leaves at the end of the turn', () => {
    const bench = durable()
    const { node } = bench
    const to = bench.peer('1.2')
    within(bench, () => {
      node.send(to, Ping, { n: 1 })
      node.persist(Noted, { n: 1 })
      node.send(to, Ping, { n: 2 })
      node.send(to, Ping, { n: 3 }, 'urgent')
      expect(bench.writes).toEqual([])
    })
    expect(bench.sent()).toEqual(['1.2: Ping 1, Ping 3'])
    expect(bench.disk.inFlight).toBe(1)
    bench.clock.settle()
    expect(bench.sent()).toEqual([])
    bench.disk.finish()
    bench.clock.settle()
    expect(bench.sent()).toEqual(['1.2: Ping 2'])
  })

  it('a request goes on to another node at once, for it tells nothing of these records', () => {
    const bench = durable()
    bench.probe.onRequestDo = (request) => bench.node.forward(bench.peer('1.2'), request)
    within(bench, () => bench.node.persist(Noted, { n: 1 }))
    bench.node.submit(get('k'), '', () => {})
    bench.clock.settle()
    expect(bench.disk.inFlight).toBe(1)
    expect(bench.writes.map(({ to }) => to.name)).toEqual(['1.2'])
  })

  it('a message of a later turn waits as well, whoever emits it', () => {
    const bench = durable()
    within(bench, () => bench.node.persist(Noted, { n: 1 }))
    within(bench, () => bench.node.send(bench.peer('1.2'), Ping, { n: 2 }))
    bench.probe.onBeatDo = () => bench.node.send(bench.peer('1.3'), Ping, { n: 3 })
    bench.hear('1.2', Beat, { n: 0 })
    bench.clock.settle()
    expect(bench.sent()).toEqual([])
    bench.disk.finish()
    bench.clock.settle()
    expect(bench.sent()).toEqual(['1.2: Ping 2', '1.3: Ping 3'])
  })

  it('an answer waits for the sync, and an urgent one does not', () => {
    const bench = durable()
    const answers: string[] = []
    for (const key of ['slow', 'fast'])
      bench.node.submit(get(key), '', (outcome) => answers.push(`${key} ${outcome.ok}`))
    bench.probe.onTurnEndDo = () => {
      const [slow, fast] = bench.probe.requests.splice(0)
      if (!slow || !fast) return
      bench.node.persist(Noted, { n: 1 })
      bench.node.reply(slow, DONE, null)
      bench.node.reply(fast, DONE, null, 'urgent')
      expect(answers).toEqual([])
    }
    bench.clock.settle()
    expect(answers).toEqual(['fast true'])
    bench.disk.finish()
    bench.clock.settle()
    expect(answers).toEqual(['fast true', 'slow true'])
  })

  it('a read’s answer in a later turn waits for what it may have seen', () => {
    const bench = durable()
    const answers: Outcome[] = []
    within(bench, () => bench.node.persist(Noted, { n: 1 }))
    bench.probe.onRequestDo = (request) => bench.node.reply(request, DONE, null)
    bench.node.submit(get('k'), '', (outcome) => answers.push(outcome))
    bench.clock.settle()
    expect(answers).toEqual([])
    bench.disk.finish()
    bench.clock.settle()
    expect(answers).toHaveLength(1)
  })

  it('a message to this node waits for the sync and then comes as an event; an urgent one comes at once', () => {
    const bench = durable()
    within(bench, () => {
      bench.node.persist(Noted, { n: 1 })
      bench.node.broadcast(Ping, { n: 1 })
      bench.node.broadcast(Ping, { n: 2 }, 'urgent')
    })
    expect(bench.probe.take()).toEqual(['ping 2 from 1.1', 'turn end'])
    bench.clock.settle()
    expect(bench.probe.take()).toEqual([])
    bench.disk.finish()
    bench.clock.settle()
    expect(bench.probe.take()).toEqual(['turn end', 'ping 1 from 1.1', 'turn end'])
  })

  it('keeps the order of messages to one peer across gates', () => {
    const bench = durable()
    within(bench, () => {
      for (let n = 1; n <= 3; n++) {
        bench.node.persist(Noted, { n })
        bench.node.send(bench.peer('1.2'), Ping, { n })
      }
    })
    bench.disk.finish()
    bench.clock.settle()
    expect(bench.sent()).toEqual(['1.2: Ping 1, Ping 2, Ping 3'])
  })
})

describe('syncs', () => {
  it('there is one for all records of a turn, and none without records', () => {
    const bench = durable()
    const before = bench.disk.syncs
    within(bench, () => {
      for (let n = 0; n < 10; n++) bench.node.persist(Noted, { n })
    })
    expect(bench.disk.syncs).toBe(before + 1)
    bench.disk.finish()
    bench.clock.settle()
    within(bench, () => bench.node.send(bench.peer('1.2'), Ping, { n: 1 }))
    expect(bench.disk.syncs).toBe(before + 1)
    expect(bench.sent()).toEqual(['1.2: Ping 1'])
  })

  it('at most one is under way; turns go on meanwhile and their records go into the next', () => {
    const bench = durable()
    const send = (n: number) =>
      within(bench, () => {
        bench.node.persist(Noted, { n })
        bench.node.send(bench.peer('1.2'), Ping, { n })
      })
    const syncs = bench.disk.syncs
    for (let n = 1; n <= 3; n++) send(n)
    expect([bench.disk.inFlight, bench.disk.syncs - syncs]).toEqual([1, 1])
    bench.disk.finish()
    bench.clock.settle()
    expect(bench.sent()).toEqual(['1.2: Ping 1'])
    expect([bench.disk.inFlight, bench.disk.syncs - syncs]).toEqual([1, 2])
    bench.disk.finish()
    bench.clock.settle()
    expect(bench.sent()).toEqual(['1.2: Ping 2, Ping 3'])
    expect(bench.disk.inFlight).toBe(0)
  })

  it('outputs leave in the turn after the sync, with that turn’s own, in one write', () => {
    const bench = durable()
    within(bench, () => {
      bench.node.persist(Noted, { n: 1 })
      bench.node.send(bench.peer('1.2'), Ping, { n: 1 })
    })
    bench.probe.onBeatDo = () => bench.node.send(bench.peer('1.2'), Ping, { n: 2 })
    bench.hear('1.3', Beat, { n: 0 })
    bench.disk.finish()
    expect(bench.sent()).toEqual([])
    bench.clock.settle()
    expect(bench.sent()).toEqual(['1.2: Ping 1, Ping 2'])
  })

  it('one that ends at once is as good', () => {
    const bench = durable()
    bench.disk.sync = (done) => done()
    within(bench, () => {
      bench.node.persist(Noted, { n: 1 })
      bench.node.send(bench.peer('1.2'), Ping, { n: 1 })
    })
    bench.clock.settle()
    expect(bench.sent()).toEqual(['1.2: Ping 1'])
  })

  it('one that ends after the node has stopped frees nothing', () => {
    const bench = durable()
    within(bench, () => {
      bench.node.persist(Noted, { n: 1 })
      bench.node.send(bench.peer('1.2'), Ping, { n: 1 })
    })
    bench.node.stop()
    bench.disk.finish()
    bench.clock.settle()
    expect(bench.sent()).toEqual([])
  })
})

describe('without a disk', () => {
  it('nothing is appended and nothing waits', () => {
    const bench = startedBench()
    within(bench, () => {
      bench.node.persist(Noted, { n: 1 })
      bench.node.broadcast(Ping, { n: 1 })
    })
    expect(bench.sent()).toEqual(['1.2: Ping 1', '1.3: Ping 1'])
    expect(bench.probe.take()).toEqual(['ping 1 from 1.1', 'turn end'])
    expect([bench.disk.records, bench.disk.syncs]).toEqual([[], 0])
  })
})

describe('a disk that is too far behind', () => {
  /** A node that stops at two records, with a sync under way for the first and a message for each further one. */
  function behind(): Bench {
    const bench = startedBench({ durable: true, node: { maxUnsyncedBytes: 50 } })
    bench.probe.onPingDo = (n) => bench.node.persist(Noted, { n })
    for (let n = 1; n <= 4; n++) {
      bench.hear('1.2', Ping, { n })
      bench.clock.settle()
    }
    return bench
  }
  const pings = (bench: Bench) => bench.probe.take().filter((note) => note.startsWith('ping'))

  it('stops its node until it has caught up, and nothing is lost', () => {
    const bench = behind()
    expect(pings(bench)).toEqual(['ping 1 from 1.2', 'ping 2 from 1.2'])
    bench.hear('1.3', Beat, { n: 9 })
    bench.node.setTimer(0, () => bench.probe.notes.push('timer'))
    bench.clock.pass(0)
    bench.clock.settle()
    expect(bench.probe.take()).toEqual([])
    bench.disk.finish()
    bench.clock.settle()
    expect(bench.probe.take()).toEqual(['beat 9 from 1.3', 'timer', 'ping 3 from 1.2', 'turn end'])
    while (bench.disk.inFlight > 0) {
      bench.disk.finish()
      bench.clock.settle()
    }
    expect(pings(bench)).toEqual(['ping 4 from 1.2'])
    expect([bench.disk.synced, bench.node.load.unsyncedBytes]).toEqual([bench.disk.records.length, 0])
  })

  it('tells how much waits, and for how long', () => {
    const bench = behind()
    const { load } = bench.node
    expect(load.unsyncedBytes).toBeGreaterThan(50)
    bench.clock.pass(3000)
    expect([load.syncMs, load.waiting]).toEqual([3000, 2])
    bench.disk.finish()
    expect(load.syncMs).toBe(0)
  })

  it('refuses requests at their deadline, for certain, and they are never handled', () => {
    const bench = behind()
    const outcomes: (string | true)[] = []
    bench.node.submit(get('k'), '', (outcome) => outcomes.push(outcome.ok || outcome.code))
    bench.clock.settle()
    expect(outcomes).toEqual([])
    bench.clock.pass(2000)
    bench.clock.settle()
    expect(outcomes).toEqual(['unavailable'])
    bench.probe.onRequestDo = (request) => expect(request.take()).toBe(false)
    bench.disk.finish()
    bench.clock.settle()
    expect(outcomes).toEqual(['unavailable'])
  })

  it('keeps no more requests than may be open, however many come and go', () => {
    const bench = behind()
    let told = 0
    const before = bench.node.load.waiting
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < 10; i++) bench.node.submit(get(`k${round}`), '', () => void (told += 1))
      bench.clock.pass(2050)
      bench.clock.settle()
    }
    expect([told, bench.node.load.waiting - before, bench.node.load.requests]).toEqual([200, 10, 0])
    bench.node.submit(get('last'), '', () => {})
    bench.disk.finish()
    bench.clock.settle()
    while (bench.disk.inFlight > 0) {
      bench.disk.finish()
      bench.clock.settle()
    }
    expect(bench.probe.take().filter((note) => note.startsWith('request'))).toEqual(['request last'])
    bench.node.submit(get('next'), '', () => {})
    bench.clock.settle()
    expect(bench.probe.take().filter((note) => note.startsWith('request'))).toEqual(['request next'])
  })

  it('is so by what waits to be said, too', () => {
    const bench = startedBench({ durable: true, node: { maxUnsyncedBytes: 1000 } })
    within(bench, () => bench.node.persist(Noted, { n: 1 }))
    bench.probe.onPingDo = (n, from) => bench.node.send(from, Ping, { n })
    for (let n = 1; n <= 20; n++) {
      bench.hear('1.2', Ping, { n })
      bench.clock.settle()
    }
    expect(bench.node.load.held).toBeLessThan(6)
    expect(bench.node.load.unsyncedBytes).toBeGreaterThan(1000)
    bench.disk.finish()
    bench.clock.settle()
    expect([pings(bench).length, bench.node.load.unsyncedBytes]).toEqual([20, 0])
  })
})

describe('an answer that waits for the disk', () => {
  /** A node that answers each request with a record under way. */
  function answering(outcomes: string[]): Bench {
    const bench = durable()
    bench.probe.onRequestDo = (request) => {
      bench.node.persist(Noted, { n: 1 })
      bench.node.reply(request, DONE, null)
    }
    bench.node.submit(get('k'), '', (outcome) => outcomes.push(outcome.ok ? 'ok' : outcome.code))
    bench.clock.settle()
    return bench
  }

  it('is given up at the deadline, once', () => {
    const outcomes: string[] = []
    const bench = answering(outcomes)
    bench.clock.pass(1900)
    bench.clock.settle()
    expect(outcomes).toEqual([])
    bench.clock.pass(150)
    bench.clock.settle()
    expect(outcomes).toEqual(['unknown'])
    bench.disk.finish()
    bench.clock.settle()
    bench.clock.pass(5000)
    bench.clock.settle()
    expect(outcomes).toEqual(['unknown'])
  })

  it('is given up at its own deadline, whoever was answered before', () => {
    const bench = durable()
    const told: string[] = []
    const submit = (key: string) => bench.node.submit(get(key), '', () => told.push(key))
    submit('old')
    bench.clock.pass(1900)
    submit('young')
    bench.clock.settle()
    const [old, young] = bench.probe.requests
    within(bench, () => {
      bench.node.persist(Noted, { n: 1 })
      for (const request of [young!, old!]) bench.node.reply(request, DONE, null)
    })
    bench.clock.pass(150)
    bench.clock.settle()
    expect(told).toEqual(['old'])
    bench.clock.pass(1950)
    bench.clock.settle()
    expect(told).toEqual(['old', 'young'])
  })

  it('is given as soon as it may be, once', () => {
    const outcomes: string[] = []
    const bench = answering(outcomes)
    bench.disk.finish()
    bench.clock.settle()
    expect(outcomes).toEqual(['ok'])
    bench.clock.pass(5000)
    bench.clock.settle()
    expect(outcomes).toEqual(['ok'])
  })

  it('is given up when the node is about to stop', () => {
    const outcomes: string[] = []
    const bench = answering(outcomes)
    bench.node.expire()
    bench.clock.settle()
    expect(outcomes).toEqual(['unknown'])
  })
})
