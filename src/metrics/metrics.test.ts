/** Each meter alone, and what a scrape makes of them. */
import { describe, expect, test } from 'vitest'
import { FRAME_HEADER, seal } from '../codec/frame.ts'
import { get, put } from '../command.ts'
import { Cluster } from '../node-id.ts'
import { NO_PROPERTIES, type Outcome } from '../request.ts'
import { type Clock, SILENT, type Storage } from '../seams.ts'
import { METRICS } from './catalogue.ts'
import { CountedStore } from './counted-store.ts'
import { Distribution } from './distribution.ts'
import { exposition, Meters, type Observed } from './index.ts'

const cluster = new Cluster(['1.1', '1.2'])
const [self, peer] = [cluster.at(0), cluster.at(1)]
const VALUE = new Uint8Array(3)
const DONE: Outcome = { ok: true, result: { value: null, version: 1, effect: 'done' }, position: null }

/** A clock whose turns run when they are told to. */
function turningClock(): Clock & { run(): void } {
  const due: (() => void)[] = []
  return {
    now: () => 0,
    setAlarm: () => ({}),
    clearAlarm: () => {},
    soon: (run) => void due.push(run),
    run: () => due.shift()?.(),
  }
}

/** A disk on which everything succeeds at once. */
function readyDisk(): Storage {
  return {
    durable: true,
    incarnation: 7,
    forgot: true,
    recover: () => [],
    append() {},
    sync: (done) => done(),
    checkpointDue: true,
    checkpoint: (_records, done) => done(),
  }
}

function observed(more: Partial<Observed> = {}): Observed {
  return {
    name: '1.1',
    algorithm: 'paxos',
    messages: () => [
      { number: 1, name: 'node.Announce' },
      { number: 16, name: 'Accept' },
    ],
    load: () => ({
      inbox: 9,
      dropped: 2,
      waiting: 3,
      handled: 50,
      requests: 4,
      room: 60,
      forwarded: 0,
      inboxBytes: 0,
      unsyncedBytes: 0,
      syncMs: 0,
      held: 5,
    }),
    status: () => ({ ready: true, reason: 'leader', leader: self, ballot: 4096, executed: 12 }),
    ready: () => true,
    round: () => 1,
    store: () => ({ applied: 6, keys: 7, sessions: 8 }),
    links: () => [{ peer, connected: true, connections: 2, dropped: 3 }],
    rejected: () => 1,
    dropped: () => [['inbox', 2]],
    faults: () => ['drop', 'slow', 'drop'],
    diskBytes: () => ({ log: 100, snapshot: 50 }),
    ...more,
  }
}

function frameOf(number: number, bytes: number): Uint8Array {
  return seal(new Uint8Array(FRAME_HEADER + bytes), number)
}

describe('a distribution', () => {
  test.each([
    [0, 0],
    [1, 0],
    [1.5, 1],
    [2, 1],
    [3, 2],
  ])('%d falls into bucket %d', (value, bucket) => {
    const distribution = new Distribution([1, 2])
    distribution.observe(value)
    expect([...distribution.counts].indexOf(1)).toBe(bucket)
    expect(distribution.sum).toBe(value)
  })
})

describe('what passes through a meter', () => {
  test('requests: the answer arrives, and is counted by its outcome and kind', () => {
    const { requests } = new Meters()
    const answers: Outcome[] = [DONE, { ok: false, code: 'unknown', reason: 'late' }]
    const submit = requests.wrap((_command, _read, respond) => respond(answers.shift()!))
    const heard: Outcome[] = []
    submit(put('1', VALUE), '', (outcome) => heard.push(outcome), NO_PROPERTIES)
    submit(get('1'), '', (outcome) => heard.push(outcome), NO_PROPERTIES)
    expect(heard).toHaveLength(2)
    expect(requests.outcomes).toMatchObject({ done: 1, unknown: 1, unavailable: 0 })
    expect([requests.reads.counts, requests.writes.counts].map((all) => all.reduce((a, b) => a + b))).toEqual([1, 1])
  })

  test('frames: both ways, and strange numbers are let through uncounted', () => {
    const { traffic } = new Meters()
    const through: number[] = []
    const transport = traffic.wrap({ send: (_to, frames) => through.push(frames.length) > 1, reject() {} })
    expect(transport.send(peer, [frameOf(16, 4), frameOf(16, 6)])).toBe(false)
    const receive = traffic.filter((_from, frame) => through.push(frame.length))
    receive(peer, frameOf(1, 2))
    receive(peer, frameOf(65_535, 0))
    expect(through).toEqual([2, FRAME_HEADER + 2, FRAME_HEADER])
    expect([traffic.sent.frames[16], traffic.sent.bytes[16]]).toEqual([2, 2 * FRAME_HEADER + 10])
    expect(traffic.received.frames.reduce((a, b) => a + b)).toBe(1)
  })

  test('turns: their events, and who leads after those that said something', () => {
    const meters = new Meters()
    const clock = turningClock()
    const log = meters.wrapLog(SILENT)
    let handled = 0
    let asked = 0
    const leaders = ['1.1', '1.1', null, '1.2', '1.1']
    const measured = meters.wrapClock(
      clock,
      () => handled,
      () => leaders[asked++]!,
    )
    for (let turn = 0; turn < 5; turn++) {
      measured.soon(() => {
        handled += turn
        log.info('follow')
      })
      clock.run()
    }
    measured.soon(() => log.debug('connected'))
    clock.run()
    expect(asked).toBe(5)
    expect(meters.leaderChanges).toBe(3)
    expect(meters.turns.events.sum).toBe(10)
    expect(meters.turns.seconds.counts.reduce((a, b) => a + b)).toBe(6)
    expect([...meters.events.counts()]).toEqual([{ level: 'info', event: 'follow', count: 5 }])
  })

  test('the disk: everything reaches it, and is answered', () => {
    const meters = new Meters()
    const disk = meters.wrapStorage(readyDisk())
    let answers = 0
    const done = () => void answers++
    disk.append({ number: 16, payload: VALUE })
    disk.sync(done, done)
    disk.checkpoint([][Symbol.iterator](), done, done)
    expect([disk.durable, disk.incarnation, disk.forgot, disk.checkpointDue, answers]).toEqual([true, 7, true, true, 2])
    expect(meters.disk).toMatchObject({ records: 1, bytes: 3, checkpoints: 1 })
  })

  test('no disk: the storage stays as it is', () => {
    const meters = new Meters()
    const memory = { ...readyDisk(), durable: false }
    expect(meters.wrapStorage(memory)).toBe(memory)
    expect(meters.disk).toBeNull()
  })

  test('the store counts a command once, and what registers set', () => {
    const store = new CountedStore()
    store.execute(put('a', VALUE))
    store.execute(get('a'))
    expect(store.applied).toBe(2)
    store.set('a', VALUE, 9)
    expect(store.applied).toBe(3)
  })
})

describe('a scrape', () => {
  async function scrape(meters: Meters, node = observed()): Promise<string[]> {
    return (await exposition({ meters, node })()).split('\n')
  }

  test('has every metric with its help and type, and nothing else', async () => {
    const lines = await scrape(new Meters())
    const heads = METRICS.flatMap(({ name, help, type }) => [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`])
    expect(lines.filter((line) => line.startsWith('#'))).toEqual(heads)
    expect(new Set(METRICS.map(({ name }) => name)).size).toBe(METRICS.length)
  })

  test('tells what was observed', async () => {
    const lines = await scrape(new Meters())
    expect(lines).toContain('synod_node_info{node="1.1",algorithm="paxos"} 1')
    expect(lines).toContain('synod_leader{leader="1.1"} 1')
    expect(lines).toContain('synod_leader_changes_total 1')
    expect(lines).toContain('synod_slots_executed_total 12')
    expect(lines).toContain('synod_inbox_events 3')
    expect(lines).toContain('synod_peer_connections_total{peer="1.2"} 2')
    expect(lines).toContain('synod_faults{fault="drop"} 2')
    expect(lines).toContain('synod_disk_bytes{file="log"} 100')
  })

  test('twice tells the same, not the double', async () => {
    const meters = new Meters()
    meters.traffic.sent.add(frameOf(16, 4))
    meters.turns.events.observe(3)
    const tell = exposition({ meters, node: observed() })
    const lines = (text: string) => text.split('\n').filter((line) => line.startsWith('synod_'))
    const first = lines(await tell())
    expect(lines(await tell())).toEqual(first)
    expect(first).toContain('synod_messages_sent_total{message="Accept"} 1')
    expect(first).toContain('synod_turn_events_bucket{le="2"} 0')
    expect(first).toContain('synod_turn_events_bucket{le="4"} 1')
    expect(first).toContain('synod_turn_events_bucket{le="+Inf"} 1')
    expect(first).toContain('synod_turn_events_sum 3')
  })

  test('leaves out what is not there', async () => {
    const status = () => ({ ready: true, reason: '', leader: null, ballot: 0, executed: null })
    const lines = await scrape(new Meters(), observed({ status, diskBytes: () => null, links: () => [] }))
    const shown = lines.filter((line) => !line.startsWith('#')).join('\n')
    expect(shown).not.toMatch(/synod_(leader\{|slots|disk|peer|messages)/)
    expect(shown).toContain('synod_leader_changes_total 0')
  })
})
