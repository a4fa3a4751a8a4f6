/** ABD under the simulator: other quorums, values that are written half, and tags. */
import { describe, expect, it } from 'vitest'
import { get, put } from '#core'
import { run } from '../../src/sim/index.ts'
import type { Passing, Scenario } from '../../src/sim/scenario.ts'
import type { Abd } from './abd.ts'
import * as messages from './messages.ts'
import { cluster, ending, FIVE, flexible, held, restart, sent, submit, tag } from './testing/cluster.ts'

/** The rounds by which a tag may be ahead of what a node holds. */
const LEAP = 2 ** 36

it('keeps its promises with quorums of different sizes', () => {
  for (const [q1, q2] of [
    [2, 4],
    [4, 2],
  ] as const) {
    for (let seed = 1; seed <= 6; seed++) {
      // No wiped disks: they spare a majority, and four of five need more.
      const faults = ['crash-one', 'restart-loop', 'partition-minority', 'partition-pair', 'drop', 'delay', 'duplicate']
      const report = run({ protocol: flexible(q1, q2), seed, layout: '1x5', durable: true, faults })
      expect([q1, q2, seed, report.violation, report.invalid]).toEqual([q1, q2, seed, null, null])
    }
  }
})

describe('a half-written value', () => {
  /** `old` is on all nodes; then a writer dies that has reached 1.2 alone. */
  function halfWritten(): Scenario<Abd> {
    const s = cluster({ nodes: FIVE, durable: true })
    s.write('1.1', 'k')
    s.run(10)
    s.admits = ({ name, to }) => name !== 'Store' || to === '1.2'
    const half = s.submit('1.1', 'k', true)
    s.until('1.2 holds it', () => held(s, '1.2', 'k') === '2.1.1 v2')
    s.process('1.1').crash()
    s.admits = () => true
    expect(ending(half)).toBe('dead')
    return s
  }

  it('that was read is read from then on, though reader and writer die', () => {
    const s = halfWritten()
    s.cut('1.2', '1.5')
    expect(s.read('1.2', 'k')).toBe('v2')
    s.process('1.2').crash()
    expect(s.read('1.5', 'k')).toBe('v2')
    s.judge()
  })

  it('is no answer before a quorum holds it', () => {
    const s = halfWritten()
    // 1.5 has the older value itself, and no quorum without 1.2.
    s.cut('1.5', '1.4')
    s.admits = ({ name }) => name !== 'Store'
    const readings = ['1.2', ...Array.from({ length: 9 }, () => '1.5')].map((name) => s.submit(name, 'k', false))
    s.run(1000)
    expect(new Set(readings.map(ending))).toEqual(new Set(['open']))
    s.admits = () => true
    s.until('answers', () => readings.every((reading) => ending(reading) === 'ok'))
    expect(FIVE.slice(1).filter((name) => held(s, name, 'k') === '2.1.1 v2').length).toBeGreaterThanOrEqual(3)
    s.judge()
  })

  it('is overwritten by whoever writes after it was read, and by nobody with its tag', () => {
    const s = halfWritten()
    s.read('1.2', 'k')
    s.write('1.5', 'k')
    s.process('1.1').boot()
    s.until('1.1 is back', () => s.process('1.1').node?.memory === 'kept')
    expect(s.read('1.1', 'k')).toBe('v3')
    expect(held(s, '1.1', 'k')).toBe('3.1.5 v3')
    s.judge()
  })

  it('is on disk before its holder says that it has it', () => {
    for (const answer of ['Stored', 'Queried']) {
      for (let seed = 1; seed <= 30; seed++) {
        const s = cluster({ durable: true, seed })
        s.admits = ({ name, to }) => name !== 'Store' || to === '1.2'
        s.submit('1.1', 'k', true)
        s.until('1.2 holds it', () => held(s, '1.2', 'k') === '1.1.1 v1')
        s.passed.length = 0
        s.submit('1.3', 'k', false)
        const says = ({ from, message }: Passing) => from === '1.2' && message.tag !== 0
        s.until('1.2 says so', () => sent(s, answer).some(says))
        restart(s, '1.2')
        expect(held(s, '1.2', 'k'), `${answer}, seed ${seed}`).toBe('1.1.1 v1')
      }
    }
  })

  it('is on the node that reads it once the client has it', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const s = cluster({ nodes: FIVE, durable: true, seed })
      s.admits = ({ name, to }) => name !== 'Store' || to !== '1.5'
      s.write('1.1', 'k')
      s.admits = () => true
      // A sync is under way, so that what this node says to itself comes late.
      s.submit('1.5', 'other', true)
      s.run(1)
      expect(s.read('1.5', 'k')).toBe('v1')
      expect(held(s, '1.5', 'k'), `seed ${seed}`).toBe('1.1.1 v1')
    }
  })

  it('costs nobody who reads an agreed one a message of phase 2', () => {
    const s = cluster()
    s.write('1.1', 'k')
    s.run(10)
    s.passed.length = 0
    expect([s.read('1.2', 'k'), s.read('1.3', 'other')]).toEqual(['v1', null])
    expect(sent(s, 'Store')).toEqual([])
  })

  it('must be on a phase-2 quorum, whatever sufficed for phase 1', () => {
    const s = cluster({ protocol: flexible(1, 3), durable: true })
    s.admits = ({ name, to }) => name !== 'Store' || to === '1.2'
    s.submit('1.1', 'k', true)
    s.until('1.2 holds it', () => held(s, '1.2', 'k') === '1.1.1 v1')
    const reading = s.submit('1.2', 'k', false)
    s.run(500)
    expect(ending(reading)).toBe('open')
    s.admits = () => true
    s.until('an answer', () => ending(reading) === 'ok')
    expect([s.read('1.3', 'k'), s.read('1.3', 'other')]).toEqual(['v1', null])
    s.judge()
  })
})

describe('tags', () => {
  it('are not issued again after a restart, whenever the node died', () => {
    for (let step = 0; step < 60; step++) {
      const s = cluster({ durable: true, seed: step + 1 })
      // Only 1.3 hears of the first write, and 1.1 does not hear of 1.3 any more when it writes again.
      s.admits = ({ name, to }) => name !== 'Store' || to === '1.3'
      s.submit('1.1', 'k', true)
      s.run(step * 0.15)
      restart(s, '1.1')
      s.cut('1.1', '1.3')
      s.admits = () => true
      s.write('1.1', 'k')
      s.network.heal()
      expect(['1.2', '1.3', '1.1'].map((name) => s.read(name, 'k'))).toEqual(['v2', 'v2', 'v2'])
      const values = new Map<unknown, Set<string>>()
      for (const { message } of sent(s, 'Store')) {
        const known = values.get(message.tag) ?? new Set()
        values.set(message.tag, known.add(new TextDecoder().decode(message.value as Uint8Array)))
      }
      expect([...values.values()].every(({ size }) => size === 1)).toBe(true)
      s.judge()
    }
  })

  it('of concurrent writes at one node differ', () => {
    for (const durable of [true, false]) {
      const s = cluster({ durable })
      const pending = Array.from({ length: 20 }, () => s.submit('1.2', 'k', true))
      s.until('answers', () => pending.every((write) => ending(write) === 'ok'))
      s.until('all hold the last', () => s.processes.every(({ id }) => held(s, id.name, 'k').startsWith('20.1.2 ')))
      s.judge()
    }
  })

  it('of equal numbers are in the order of their nodes; a lower one is acknowledged, not taken', () => {
    const s = cluster()
    const value = (text: string) => new TextEncoder().encode(text)
    const store = (member: number, text: string, id: number) =>
      s.forge(`1.${member + 1}`, '1.1', messages.Store, {
        life: 1,
        id,
        key: 'k',
        tag: tag(7, member),
        absent: false,
        value: value(text),
      })
    store(1, 'b', 1)
    store(2, 'c', 2)
    store(1, 'b', 3)
    expect(held(s, '1.1', 'k')).toBe('7.1.3 c')
    expect(sent(s, 'Stored').map(({ message }) => message.id)).toEqual([1, 2, 3])
    s.write('1.1', 'k')
    expect(held(s, '1.1', 'k')).toBe('8.1.1 v1')
  })

  it('that nobody can have issued are ignored', () => {
    const s = cluster()
    const value = new Uint8Array(1)
    for (const absurd of [0, 2, tag(1, 77), Number.MAX_SAFE_INTEGER]) {
      s.forge('1.2', '1.1', messages.Store, { life: 1, id: 1, key: 'k', tag: absurd, absent: false, value })
    }
    expect([sent(s, 'Stored'), held(s, '1.1', 'k')]).toEqual([[], '0.0 nothing'])
    s.admits = ({ name }) => name !== 'Queried'
    const reading = s.submit('1.1', 'k', false)
    s.run(5)
    s.forge('1.2', '1.1', messages.Queried, { life: 1, id: 1, tag: tag(1, 77), absent: false, value })
    expect(ending(reading)).toBe('open')
  })

  it('that leap beyond all honest writes are ignored, and the key stays as it was', () => {
    const s = cluster()
    s.write('1.1', 'k')
    s.run(10)
    s.passed.length = 0
    const value = new TextEncoder().encode('absurd')
    for (const absurd of [tag(2 ** 40, 1), tag(LEAP + 2, 1)]) {
      for (const to of ['1.1', '1.2', '1.3']) {
        s.forge('1.2', to, messages.Store, { life: 1, id: 1, key: 'k', tag: absurd, absent: false, value })
      }
    }
    expect([sent(s, 'Stored'), held(s, '1.1', 'k')]).toEqual([[], '1.1.1 v1'])
    // Nor does it count as an answer, which a write would take its tag from.
    s.admits = ({ name }) => name !== 'Queried'
    const writing = s.submit('1.1', 'k', true)
    s.run(5)
    const { life, lastId: id } = s.replica('1.1')
    s.forge('1.2', '1.1', messages.Queried, { life, id, tag: tag(2 ** 40, 1), absent: true, value })
    s.run(5)
    expect(sent(s, 'Store')).toEqual([])
    s.admits = () => true
    s.until('an answer', () => ending(writing) === 'ok')
    s.run(10)
    expect(['1.1', '1.2', '1.3'].map((name) => held(s, name, 'k'))).toEqual(Array(3).fill('2.1.1 v2'))
    expect(s.read('1.3', 'k')).toBe('v2')
    s.judge()
  })

  it('may be as far ahead as a node that was away for long has missed', () => {
    const s = cluster()
    const value = new TextEncoder().encode('later')
    s.forge('1.2', '1.3', messages.Store, { life: 1, id: 1, key: 'k', tag: tag(LEAP, 1), absent: false, value })
    expect(held(s, '1.3', 'k')).toBe(`${LEAP}.1.2 later`)
  })

  it('run out in a refusal, of which it takes many leaps', () => {
    const s = cluster()
    const value = new Uint8Array(0)
    for (let leaps = 1; leaps <= 2 ** 40 / LEAP; leaps++) {
      s.forge('1.2', '1.1', messages.Store, {
        life: 1,
        id: 1,
        key: 'k',
        tag: tag(leaps * LEAP, 1),
        absent: false,
        value,
      })
    }
    expect(submit(s, '1.1', put('k', value))).toMatchObject({ ok: false, code: 'unavailable' })
    expect(s.replica('1.1').operations.size).toBe(0)
  })
})

it('a node that forgot answers nobody and says why', () => {
  const s = cluster()
  s.write('1.1', 'k')
  restart(s, '1.2')
  expect(s.process('1.2').node?.memory).toBe('lost')
  expect(s.replica('1.2').status()).toMatchObject({ ready: false, reason: 'forgot what it held' })
  expect(submit(s, '1.2', get('k'))).toMatchObject({ ok: false, code: 'unavailable', reason: 'forgot what it held' })
  s.passed.length = 0
  expect(s.read('1.3', 'k')).toBe('v1')
  s.cut('1.1', '1.3')
  const alone = s.submit('1.3', 'k', false)
  s.until('a refusal', () => alone.outcome !== undefined, 3000)
  expect(ending(alone)).toBe('unavailable')
  expect(s.passed.filter(({ from }) => from === '1.2')).toEqual([])
  s.judge()
})

it('with a disk it makes checkpoints, and comes back from them with what it held and a new life', () => {
  const s = cluster({ durable: true })
  const checkpoints = () => s.processes.map(({ disk }) => disk.checkpoints)
  for (let count = 0; Math.min(...checkpoints()) < 2; count++) s.write('1.1', `${count % 20}`)
  s.write('1.1', 'later')
  // A quorum has it on disk; so shall the others.
  s.run(100)
  const before = ['1.1', '1.2', '1.3'].map((name) => [held(s, name, '3'), held(s, name, 'later')])
  const { life } = s.replica('1.2')
  for (const name of ['1.1', '1.2', '1.3']) restart(s, name)
  expect(['1.1', '1.2', '1.3'].map((name) => [held(s, name, '3'), held(s, name, 'later')])).toEqual(before)
  expect(s.replica('1.2').life).toBe(life + 1)
  expect(s.read('1.3', 'later')).toMatch(/^v/)
  s.judge()
})
