/** Each fault alone, all together, their ends and their healing: on a transport that is a list, with a clock turned by hand. */
import { beforeEach, describe, expect, test } from 'vitest'
import { HandClock } from '../../test/support/hand-clock.ts'
import { Cluster } from '../node-id.ts'
import { Xoshiro } from '../parts/xoshiro.ts'
import { Faults } from './faults.ts'

const cluster = new Cluster(['1.1', '1.2', '1.3', '2.1'])
const [self, b, c, d] = cluster.members as [(typeof cluster.members)[0], ...typeof cluster.members]
const PEERS = [b!, c!, d!]

let clock: HandClock
let logged: string[]
let sent: string[]
let heard: string[]
let connections: Map<string, object>
let faults: Faults
let receive: (from: typeof self, frame: Uint8Array) => void

beforeEach(() => {
  clock = new HandClock()
  sent = []
  heard = []
  logged = []
  const note = (event: string, fields: object = {}) => void logged.push(`${event} ${JSON.stringify(fields)}`)
  const log = { debug: note, info: note, warn: note, error: note }
  connections = new Map(PEERS.map(({ name }) => [name, {}]))
  const inner = {
    send: (to: typeof self, frames: readonly Uint8Array[]) => {
      for (const [number] of frames) sent.push(`${to.name}:${number}`)
      return connections.has(to.name)
    },
    reject: () => {},
    connection: (to: typeof self) => connections.get(to.name) ?? null,
  }
  faults = new Faults(inner, { cluster, self, clock, random: new Xoshiro(7), log, peerBytes: 100 })
  receive = faults.filter((from, [number]) => heard.push(`${from.name}:${number}`))
})

test('a fault does not tell what it has struck; what cannot leave anyway is told', () => {
  faults.drop(b!, 0)
  expect([faults.send(b!, [frame(1)]), faults.send(c!, [frame(1)])]).toEqual([true, true])
  connections.delete(c!.name)
  expect(faults.send(c!, [frame(1)])).toBe(false)
  faults.slow(c!, 5, 0)
  expect(faults.send(c!, [frame(1)])).toBe(false)
})

function frame(number: number, length = 1): Uint8Array {
  return new Uint8Array(length).fill(number)
}

/** What gets through, to all peers and from all. */
function passes(): string {
  sent.length = 0
  heard.length = 0
  for (const peer of PEERS) {
    faults.send(peer, [frame(1)])
    receive(peer, frame(1))
  }
  const names = (list: string[]) => list.map((entry) => entry.split(':')[0]).join(' ')
  return `out ${names(sent)} in ${names(heard)}`
}

const ALL = 'out 1.2 1.3 2.1 in 1.2 1.3 2.1'

describe('each fault', () => {
  test.each<[string, () => void, string]>([
    ['crash', () => faults.crash(2), 'out  in '],
    ['drop', () => faults.drop(b!, 2), 'out 1.3 2.1 in 1.2 1.3 2.1'],
    ['flaky for certain', () => faults.flaky(c!, 1, 2), 'out 1.2 2.1 in 1.2 1.3 2.1'],
    ['flaky never', () => faults.flaky(c!, 0, 2), ALL],
    ['partition, on its side', () => faults.partition([self, b!], 2), 'out 1.2 in 1.2'],
    ['partition, on the other side', () => faults.partition([c!, d!], 2), 'out 1.2 in 1.2'],
  ])('%s strikes, ends by itself, and lasts for ever when the time is not positive', (_, inject, struck) => {
    inject()
    expect(passes()).toBe(struck)
    clock.pass(1999)
    expect(passes()).toBe(struck)
    clock.pass(1)
    expect(passes()).toBe(ALL)
    expect(faults.list()).toEqual([])
  })

  test('for ever, until it is healed', () => {
    faults.crash(0)
    faults.drop(b!, -1)
    clock.pass(1e9)
    expect(passes()).toBe('out  in ')
    expect(faults.heal()).toEqual(['crash, for ever', 'drop 1.2, for ever'])
    expect(passes()).toBe(ALL)
  })

  test('flaky loses single frames by its chance', () => {
    faults.flaky(b!, 0.25, 0)
    faults.send(
      b!,
      Array.from({ length: 4000 }, (_, i) => frame(i % 256)),
    )
    expect(sent.length).toBeGreaterThan(2850)
    expect(sent.length).toBeLessThan(3150)
  })

  test('slow delays what is sent, in order', () => {
    faults.slow(b!, 100, 0)
    faults.send(b!, [frame(1), frame(2)])
    faults.send(c!, [frame(3)])
    clock.pass(99)
    expect(sent).toEqual(['1.3:3'])
    faults.send(b!, [frame(4)])
    clock.pass(1)
    expect(sent).toEqual(['1.3:3', '1.2:1', '1.2:2'])
    clock.pass(99)
    expect(sent.at(-1)).toBe('1.2:4')
  })

  test.each<[string, () => void]>([
    ['is healed', () => faults.heal('slow', b!)],
    ['is over', () => clock.pass(4000)],
    ['begins anew and is none', () => faults.slow(b!, 0, 0)],
  ])('what waits on a slow link leaves when that %s, before all that comes after', (_, end) => {
    faults.slow(b!, 60_000, 4)
    faults.send(b!, [frame(1)])
    faults.send(b!, [frame(2)])
    clock.pass(1000)
    expect(sent).toEqual([])
    end()
    faults.send(b!, [frame(3)])
    clock.pass(0)
    expect(sent).toEqual(['1.2:1', '1.2:2', '1.2:3'])
    faults.send(b!, [frame(4)])
    expect([sent.at(-1), clock.alarms]).toEqual(['1.2:4', 0])
  })

  test('a shorter delay holds for what waits, a longer one does not', () => {
    faults.slow(b!, 1000, 0)
    faults.send(b!, [frame(1)])
    faults.slow(b!, 10, 0)
    faults.send(b!, [frame(2)])
    faults.slow(b!, 5000, 0)
    faults.send(b!, [frame(3)])
    clock.pass(10)
    expect(sent).toEqual(['1.2:1', '1.2:2'])
    clock.pass(4990)
    expect(sent.at(-1)).toBe('1.2:3')
  })

  test.each<[string, () => void]>([
    ['a partition', () => faults.partition([b!], 1)],
    ['a drop', () => faults.drop(b!, 1)],
  ])('what waits on a slow link does not pass %s', (_, cut) => {
    faults.slow(b!, 100, 0)
    faults.send(b!, [frame(1)])
    cut()
    clock.pass(100)
    expect([sent, faults.lost]).toEqual([[], 1])
    clock.pass(900)
    faults.send(b!, [frame(2)])
    clock.pass(100)
    expect(sent).toEqual(['1.2:2'])
  })

  test('what waits is never sent into a later connection', () => {
    faults.slow(b!, 100, 0)
    faults.send(b!, [frame(1)])
    connections.set('1.2', {})
    faults.send(b!, [frame(2)])
    clock.pass(100)
    expect(sent).toEqual(['1.2:2'])
    connections.delete('1.2')
    faults.send(b!, [frame(3)])
    connections.set('1.2', {})
    clock.pass(100)
    expect(sent).toEqual(['1.2:2'])
  })

  test('no more waits than may, and a crash loses what waits', () => {
    faults.slow(b!, 100, 0)
    for (const number of [1, 2, 3]) faults.send(b!, [frame(number, 40)])
    clock.pass(100)
    expect(sent).toEqual(['1.2:1', '1.2:2'])
    faults.send(b!, [frame(4)])
    faults.crash(1)
    clock.pass(2000)
    expect(sent.length).toBe(2)
    faults.send(b!, [frame(5)])
    faults.close()
    expect(clock.alarms).toBe(0)
  })
})

describe('faults are independent', () => {
  test('the end of one leaves the others, on the same link too', () => {
    faults.drop(b!, 1)
    faults.partition([b!], 2)
    faults.crash(3)
    faults.flaky(b!, 1, 4)
    expect(passes()).toBe('out  in ')
    clock.pass(1000)
    expect(passes()).toBe('out  in ')
    clock.pass(1000)
    expect(passes()).toBe('out  in ')
    clock.pass(1000)
    expect(passes()).toBe('out 1.3 2.1 in 1.2 1.3 2.1')
    clock.pass(1000)
    expect(passes()).toBe(ALL)
  })

  test('healing one leaves the others', () => {
    faults.drop(b!, 0)
    faults.drop(c!, 0)
    faults.partition([b!, self], 0)
    faults.slow(d!, 5, 0)
    expect(faults.heal('drop', b!)).toEqual(['drop 1.2, for ever'])
    expect(faults.list()).toEqual(['drop 1.3, for ever', 'partition 1.1 1.2, for ever', 'slow 2.1, 5 ms, for ever'])
    expect(faults.heal('partition')).toEqual(['partition 1.1 1.2, for ever'])
    expect(passes()).toBe('out 1.2 in 1.2 1.3 2.1')
    expect(faults.heal('crash')).toEqual([])
    expect(faults.heal(undefined, c!)).toEqual(['drop 1.3, for ever'])
    expect(faults.list()).toEqual(['slow 2.1, 5 ms, for ever'])
  })

  test('two partitions are two faults; the same one begins anew', () => {
    faults.partition([b!], 1)
    faults.partition([c!], 2)
    faults.partition([b!], 3)
    expect(faults.list()).toEqual(['partition 1.2, 3.0 s left', 'partition 1.3, 2.0 s left'])
    clock.pass(1500)
    expect(passes()).toBe('out 2.1 in 2.1')
    faults.partition([b!], 0)
    faults.partition([b!], 1)
    clock.pass(1000)
    expect(passes()).toBe(ALL)
  })

  test('either side of a partition names it', () => {
    faults.partition([self, b!], 0)
    faults.partition([d!, c!], 5)
    expect(faults.list()).toEqual(['partition 1.3 2.1, 5.0 s left'])
    expect(faults.heal('partition', [c!])).toEqual([])
    expect(faults.heal('partition', [b!, self])).toEqual(['partition 1.3 2.1, 5.0 s left'])
    faults.partition([b!, self], 0)
    expect(faults.heal('partition', [d!, c!])).toEqual(['partition 1.1 1.2, for ever'])
    expect(passes()).toBe(ALL)
  })

  test('a link and a partition with nobody else beyond it are two faults', () => {
    faults.partition([b!], 0)
    faults.drop(b!, 0)
    expect(faults.heal(undefined, b!)).toEqual(['drop 1.2, for ever'])
    expect(faults.heal('drop', [b!])).toEqual([])
    expect(faults.heal(undefined, [b!])).toEqual(['partition 1.2, for ever'])
  })

  test('the delays of a link do not add up across peers, and its losses do not end them', () => {
    faults.slow(b!, 10, 0)
    faults.slow(c!, 20, 0)
    faults.flaky(c!, 0, 0)
    passes()
    clock.pass(10)
    expect(sent).toEqual(['2.1:1', '1.2:1'])
    clock.pass(10)
    expect(sent).toEqual(['2.1:1', '1.2:1', '1.3:1'])
  })
})

test('each begin and each end is one line of the log, and what is lost is counted', () => {
  faults.flaky(b!, 1, 2)
  faults.slow(c!, 5, 0)
  faults.send(b!, [frame(1), frame(2)])
  expect(faults.lost).toBe(2)
  expect(faults.kinds).toEqual(['flaky', 'slow'])
  clock.pass(2000)
  expect(faults.kinds).toEqual(['slow'])
  faults.heal()
  faults.partition([self], 1)
  receive(b!, frame(1))
  expect(faults.lost).toBe(3)
  expect(logged).toEqual([
    'fault {"fault":"flaky","target":"1.2","seconds":2,"chance":1,"delayMs":0}',
    'fault {"fault":"slow","target":"1.3","seconds":0,"chance":0,"delayMs":5}',
    'fault over {"fault":"flaky","target":"1.2","how":"expired"}',
    'fault over {"fault":"slow","target":"1.3","how":"healed"}',
    'fault {"fault":"partition","target":"1.1","seconds":1,"chance":1,"delayMs":0}',
  ])
})
