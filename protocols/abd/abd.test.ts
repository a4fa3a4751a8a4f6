/** ABD under the simulator: sweeps of random faults, and the situations that break registers, spelled out. */
import { describe, expect, it } from 'vitest'
import { type Command, counted, get, type Outcome, type Protocol, put } from '#core'
import { LAYOUTS, run } from '../../src/sim/index.ts'
import { type Passing, type Pending, Scenario, type ScenarioOptions } from '../../src/sim/scenario.ts'
import { Abd } from './abd.ts'
import protocol from './index.ts'
import * as messages from './messages.ts'
import type { Options } from './options.ts'

const FIVE = ['1.1', '1.2', '1.3', '1.4', '1.5']

/** Seeds of each layout and kind of storage. */
const SEEDS = 10

/** A cluster that has begun. */
function cluster(options: Partial<ScenarioOptions> = {}): Scenario<Abd> {
  const s = new Scenario<Abd>({ protocol, messages, ...options })
  for (const process of s.processes) process.boot()
  s.until('the start', () => s.processes.every(({ node }) => node?.memory))
  return s
}

/** ABD with quorums of these sizes. */
function flexible(q1: number, q2: number): Protocol {
  return { ...protocol, create: (node, given) => new Abd(node, given as Options, counted(node.cluster, q1, q2)) }
}

/** How an operation ended: `ok`, a code of refusal, `open`, or `dead` with its node. */
function ending({ outcome }: Pending): string {
  if (outcome === undefined) return 'open'
  if (outcome === null) return 'dead'
  return outcome.ok ? 'ok' : outcome.code
}

function restart(s: Scenario<Abd>, name: string): void {
  const process = s.process(name)
  process.crash()
  process.boot()
  s.until(`${name} is back`, () => process.node?.memory != null)
}

/** Any command, and its outcome. */
function submit(s: Scenario<Abd>, name: string, command: Command): Outcome {
  let outcome: Outcome | undefined
  s.process(name).node!.submit(command, '', (given) => {
    outcome = given
  })
  s.until('an answer', () => outcome !== undefined)
  return outcome!
}

/** What a node holds of a key: its tag as `number.zone.node`, and its value. */
function held(s: Scenario<Abd>, name: string, key: string): string {
  const { version, value } = s.process(name).store!.get(key)
  return `${s.process(name).node!.ballots.format(version)} ${value ? new TextDecoder().decode(value) : 'nothing'}`
}

function sent(s: Scenario<Abd>, name: string): Passing[] {
  return s.passed.filter((passing) => passing.name === name)
}

const tag = (number: number, member: number) => number * 4096 + member

describe('sweep', () => {
  for (const layout of Object.keys(LAYOUTS)) {
    for (const durable of [true, false]) {
      it(`${layout}, ${durable ? 'disk' : 'memory'}`, () => {
        for (let seed = 1; seed <= SEEDS; seed++) {
          const report = run({ protocol, seed, layout, durable })
          const command = `npm run sim -- -algorithm abd -seed ${seed} -nodes ${layout} -storage ${durable ? 'disk' : 'memory'} -trace`
          expect(report.violation, command).toBeNull()
          expect(report.invalid, command).toBeNull()
        }
      })
    }
  }

  it('with quorums of different sizes', () => {
    for (const [q1, q2] of [
      [2, 4],
      [4, 2],
    ] as const) {
      for (let seed = 1; seed <= SEEDS; seed++) {
        const report = run({ protocol: flexible(q1, q2), seed, layout: '1x5', durable: true })
        expect([q1, q2, seed, report.violation, report.invalid]).toEqual([q1, q2, seed, null, null])
      }
    }
  })
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
    s.admits = ({ name }) => name !== 'Store'
    const reading = s.submit('1.2', 'k', false)
    s.run(1000)
    expect(ending(reading)).toBe('open')
    s.admits = () => true
    s.until('an answer', () => reading.outcome !== undefined)
    expect(ending(reading)).toBe('ok')
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
      s.forge('1.2', '1.1', messages.Store, { life: 1, id: 1, key: 'k', tag: absurd, value })
    }
    expect([sent(s, 'Stored'), held(s, '1.1', 'k')]).toEqual([[], '0.0 nothing'])
    s.admits = ({ name }) => name !== 'Queried'
    const reading = s.submit('1.1', 'k', false)
    s.run(5)
    s.forge('1.2', '1.1', messages.Queried, { life: 1, id: 1, tag: tag(1, 77), value })
    expect(ending(reading)).toBe('open')
  })

  it('run out in a refusal', () => {
    const s = cluster()
    const value = new Uint8Array(0)
    s.forge('1.2', '1.1', messages.Store, { life: 1, id: 1, key: 'k', tag: tag(2 ** 40, 1), value })
    expect(submit(s, '1.1', put('k', value))).toMatchObject({ ok: false, code: 'unavailable' })
    expect(s.replica('1.1').operations.size).toBe(0)
  })
})

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
      s.forge(from, '1.1', messages.Queried, { life, id, tag: tag(1, 0), value })
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
      s.forge(from, '1.1', messages.Queried, { life: 1, id: 2, tag: tag(1, 0), value: new Uint8Array(0) })
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
    expect(submit(s, '1.2', get('k'))).toEqual({ ok: true, result: { value: null, version: 0 }, position: null })
    const written = { ok: true, result: { value: null, version: tag(1, 0) }, position: null }
    expect(submit(s, '1.1', put('k', nothing))).toEqual(written)
    expect(submit(s, '1.2', get('k'))).toEqual({ ...written, result: { value: nothing, version: tag(1, 0) } })
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
