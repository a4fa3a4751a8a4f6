/** Requests from their arrival to their one answer, and answers that belong to others. */
import { describe, expect, it } from 'vitest'
import { compareAndSet, get, inSession, openSession, put, remove } from '#core'
import type { Pending, Scenario } from '../../src/sim/scenario.ts'
import type { Abd } from './abd.ts'
import * as messages from './messages.ts'
import { cluster, ending, FIVE, restart, sent, submit, tag } from './testing/cluster.ts'

describe('answers', () => {
  /** A cluster of five in which 1.1 has done one operation and is now cut off with a second one under way. */
  function waiting(write: boolean, lost: string): { s: Scenario<Abd>; pending: Pending } {
    const s = cluster({ nodes: FIVE })
    s.write('1.1', 'k')
    s.run(10)
    s.admits = ({ name }) => name !== lost
    const pending = s.submit('1.1', 'k', write)
    s.run(10)
    return { s, pending }
  }

  it('to an earlier operation or life, and those that come twice, do not count for a write', () => {
    const { s, pending } = waiting(true, 'Stored')
    const tell = (from: string, life: number, id: number) => s.forge(from, '1.1', messages.Stored, { life, id })
    for (const from of FIVE) {
      tell(from, 1, 1)
      tell(from, 0, 2)
      tell(from, 2, 2)
      tell(from, 1, 3)
    }
    for (let i = 0; i < 5; i++) tell('1.2', 1, 2)
    expect(ending(pending)).toBe('open')
    tell('1.3', 1, 2)
    s.until('an answer', () => ending(pending) === 'ok', 5)
  })

  it('to an earlier operation or life, and those that come twice, do not count for a read', () => {
    const { s, pending } = waiting(false, 'Queried')
    const value = new TextEncoder().encode('old')
    const tell = (from: string, life: number, id: number) =>
      s.forge(from, '1.1', messages.Queried, { life, id, tag: tag(1, 0), absent: false, value })
    for (const from of FIVE.slice(1)) {
      tell(from, 1, 1)
      tell(from, 0, 2)
      tell(from, 1, 3)
      s.forge(from, '1.1', messages.Stored, { life: 1, id: 2 })
    }
    for (let i = 0; i < 5; i++) tell('1.2', 1, 2)
    expect(ending(pending)).toBe('open')
    tell('1.3', 1, 2)
    s.until('an answer', () => ending(pending) === 'ok', 5)
  })

  it('of phase 1 do not count in phase 2', () => {
    const { s, pending } = waiting(true, 'Stored')
    for (const from of FIVE.slice(1)) {
      s.forge(from, '1.1', messages.Queried, {
        life: 1,
        id: 2,
        tag: tag(1, 0),
        absent: false,
        value: new Uint8Array(0),
      })
    }
    expect(ending(pending)).toBe('open')
  })

  it('never have the names of an earlier life', () => {
    const s = cluster({ durable: true })
    const lives = [1, 2, 3, 4].map(() => {
      s.write('1.1', 'k')
      const { life } = s.replica('1.1')
      restart(s, '1.1')
      return life
    })
    expect(lives).toEqual([1, 2, 3, 4])
  })
})

describe('requests', () => {
  it('that find no quorum are refused for certain, and never applied', () => {
    const s = cluster()
    s.cutOff('1.1')
    const pending = [s.submit('1.1', 'k', true), s.submit('1.1', 'k', false)]
    s.until('answers', () => pending.every(({ outcome }) => outcome !== undefined), 3000)
    expect(pending.map(ending)).toEqual(['unavailable', 'unavailable'])
    s.network.heal()
    s.until('nothing is left', () => s.replica('1.1').operations.size === 0)
    s.run(1000)
    expect(['1.1', '1.2', '1.3'].map((name) => s.read(name, 'k'))).toEqual([null, null, null])
    s.judge()
  })

  it('end unknown once a value was on its way, and nothing of them is left', () => {
    const s = cluster()
    s.admits = ({ name }) => name !== 'Stored'
    const pending = s.submit('1.1', 'k', true)
    s.until('an answer', () => pending.outcome !== undefined, 3000)
    expect(ending(pending)).toBe('unknown')
    s.until('nothing is left', () => s.replica('1.1').operations.size === 0)
    s.admits = () => true
    expect(s.read('1.2', 'k')).toBe('v1')
    s.judge()
  })

  it('whose messages are lost are repeated, to those who are silent', () => {
    for (const lost of ['Query', 'Queried', 'Store', 'Stored']) {
      const s = cluster()
      const times = new Map<string, number>()
      s.admits = ({ name, from, to }) => {
        const link = `${from}>${to}`
        if (name !== lost) return true
        times.set(link, (times.get(link) ?? 0) + 1)
        return times.get(link)! > 2
      }
      s.write('1.1', 'k', 500)
      expect(s.read('1.2', 'k', 500)).toBe('v1')
      s.judge()
    }
  })

  it('are all repeated in their turn', () => {
    const s = cluster({ options: { retries: 1, retry_ms: 10 } })
    s.admits = () => false
    const pending = Array.from({ length: 10 }, (_, key) => s.submit('1.1', `${key}`, true))
    s.run(50)
    s.admits = () => true
    s.until('answers', () => pending.every((write) => ending(write) === 'ok'), 1000)
  })

  it('tell the empty value from none, and writes no previous value', () => {
    const s = cluster()
    const nothing = new Uint8Array(0)
    expect(submit(s, '1.2', get('k'))).toEqual({
      ok: true,
      result: { value: null, version: 0, effect: 'done' },
      position: null,
    })
    const written = { ok: true, result: { value: null, version: tag(1, 0), effect: 'done' }, position: null }
    expect(submit(s, '1.1', put('k', nothing))).toEqual(written)
    expect(submit(s, '1.2', get('k'))).toEqual({
      ...written,
      result: { value: nothing, version: tag(1, 0), effect: 'done' },
    })
  })

  it('to delete leave a tag behind, which is written back as values are', () => {
    const s = cluster()
    s.write('1.1', 'k')
    // The delete reaches one node beside its coordinator, and a reader finds it there only.
    s.admits = ({ name, to }) => name !== 'Store' || to === '1.2'
    const deleted = { value: null, version: tag(2, 0), effect: 'done' }
    expect(submit(s, '1.1', remove('k'))).toEqual({ ok: true, result: deleted, position: null })
    expect(s.process('1.3').store!.get('k').version).toBe(tag(1, 0))
    s.cut('1.1', '1.3')
    s.cut('1.1', '1.2')
    s.admits = () => true
    expect(submit(s, '1.3', get('k'))).toMatchObject({ ok: true, result: deleted })
    s.until('the tag is everywhere', () => s.process('1.3').store!.get('k').version === tag(2, 0), 100)
    expect(s.process('1.3').store!.get('k').value).toBeNull()
    s.judge()
  })

  it('to delete do not say whether there was anything', () => {
    const s = cluster()
    const deleted = (number: number) => ({ value: null, version: tag(number, 0), effect: 'done' })
    expect(submit(s, '1.1', remove('k'))).toEqual({ ok: true, result: deleted(1), position: null })
    expect(submit(s, '1.1', remove('k'))).toEqual({ ok: true, result: deleted(2), position: null })
    s.judge()
  })

  it('to delete are not forgotten in a restart', () => {
    const s = cluster({ durable: true })
    s.write('1.1', 'k')
    submit(s, '1.1', remove('k'))
    s.run(50)
    for (const name of ['1.1', '1.2', '1.3']) restart(s, name)
    expect(submit(s, '1.2', get('k'))).toMatchObject({ ok: true, result: { value: null, version: tag(2, 0) } })
  })

  it('that registers cannot serve are refused for certain', () => {
    const s = cluster()
    const place = { session: { number: 1, nonce: 1 }, sequence: 1, acknowledged: 0 }
    for (const command of [compareAndSet('k', 0, null), openSession(1), inSession(place, remove('k'))])
      expect(submit(s, '1.1', command)).toMatchObject({ ok: false, code: 'unsupported' })
    expect(submit(s, '1.1', get('k'))).toMatchObject({ ok: true, result: { value: null, version: 0 } })
  })

  it('to write carry no old values to and fro', () => {
    const s = cluster()
    s.write('1.1', 'k')
    s.passed.length = 0
    s.write('1.2', 'k')
    expect(sent(s, 'Queried').map(({ message }) => (message.value as Uint8Array).length)).toEqual([0, 0])
  })

  it('are served by a cluster of one', () => {
    for (const durable of [true, false]) {
      const s = cluster({ nodes: ['1.1'], durable })
      s.write('1.1', 'k')
      expect(s.read('1.1', 'k')).toBe('v1')
      if (durable) restart(s, '1.1')
      expect(s.read('1.1', 'k')).toBe('v1')
      s.judge()
    }
  })
})
