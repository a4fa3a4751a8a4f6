/** Every invariant can fail: each is fed a situation that violates it, and one that does not. */
import { describe, expect, it } from 'vitest'
import { type Command, get, put } from '../../command.ts'
import { Cluster } from '../../node-id.ts'
import { majority } from '../../quorum/index.ts'
import type { Arena } from '../arena.ts'
import { agreement } from './agreement.ts'
import { healthy } from './healthy.ts'
import { invariants } from './index.ts'
import { linearizable } from './linearizable.ts'
import { monotone } from './monotone.ts'
import { quorum } from './quorum.ts'
import { sameState } from './same-state.ts'

const cluster = new Cluster(['1.1', '1.2'])
const encoder = new TextEncoder()

/** A process of which an invariant sees what a test says. */
function fake(index: number) {
  const slots: Command[][] = []
  const log = {
    executed: 0,
    floor: 0,
    end: 0,
    get: (slot: number) => (slots[slot] ? { ballot: 1, chosen: true, commands: slots[slot] } : undefined),
  }
  const process = {
    id: cluster.at(index),
    life: 1,
    failure: null as unknown,
    node: { memory: 'kept' },
    hash: 0,
    store: { hash: () => process.hash },
    replica: { promised: 0, log, status: () => ({ executed: log.executed }) },
    disk: { generation: 0, marks: { appended: 0, synced: 0 } },
    execute(...commands: Command[]) {
      slots.push(commands)
      log.executed = log.end = slots.length
    },
  }
  return process
}

function arena(history: unknown[] = []) {
  const processes = [fake(0), fake(1)] as const
  return { processes, arena: { processes, durable: false, clients: { history } } as unknown as Arena }
}

const write = (value: string) => put('k', encoder.encode(value))

describe('agreement', () => {
  it('fails on two values for one slot', () => {
    const { processes, arena: seen } = arena()
    const invariant = agreement()
    processes[0].execute(write('a'))
    processes[1].execute(write('a'))
    expect(invariant.afterStep!(seen)).toBeNull()
    processes[0].execute(write('b'))
    expect(invariant.afterStep!(seen)).toBeNull()
    processes[1].execute(write('c'))
    expect(invariant.afterStep!(seen)).toMatch(/slot 1: 1\.2/)
  })

  it('tells a no-op from a command, and a read from a write', () => {
    for (const other of [[], [get('k')]]) {
      const { processes, arena: seen } = arena()
      processes[0].execute(write('a'))
      processes[1].execute(...other)
      expect(agreement().afterStep!(seen)).toMatch(/slot 0/)
    }
  })

  it('looks again at what a restarted node executes', () => {
    const { processes, arena: seen } = arena()
    const invariant = agreement()
    processes[0].execute(write('a'))
    expect(invariant.afterStep!(seen)).toBeNull()
    const restarted = { ...fake(0), life: 2 }
    restarted.execute(write('b'))
    const after = { ...seen, processes: [restarted, processes[1]] } as unknown as Arena
    expect(invariant.afterStep!(after)).toMatch(/slot 0/)
  })
})

describe('agreement on writes', () => {
  it('fails when one stands in two slots, or stands although it was refused', () => {
    const twice = arena()
    const invariant = agreement()
    twice.processes[0].execute(write('a'))
    expect(invariant.afterStep!(twice.arena)).toBeNull()
    twice.processes[0].execute(write('b'), write('a'))
    expect(invariant.afterStep!(twice.arena)).toBe('a stands in slot 0 and in slot 1')
    const refused = arena([{ input: 'a', outcome: 'failed' }])
    const other = agreement()
    refused.processes[0].execute(write('a'))
    expect(other.afterStep!(refused.arena)).toBeNull()
    expect(other.atEnd!(refused.arena)).toBe('a was definitely refused, and stands in slot 0')
  })
})

describe('quorum', () => {
  it('fails when a slot is executed that one of three has voted for', () => {
    const three = new Cluster(['1.1', '1.2', '1.3'])
    const { processes, arena: seen } = arena()
    Object.assign(processes[0], { id: three.at(0), replica: { ...processes[0].replica, quorum: majority(three) } })
    Object.assign(processes[1], { id: three.at(1) })
    const invariant = quorum()
    processes[1].execute(write('a'))
    processes[0].execute(write('a'))
    expect(invariant.afterStep!(seen)).toBeNull()
    processes[0].execute(write('b'))
    expect(invariant.afterStep!(seen)).toMatch(/1\.1 executed slot 1 without a quorum of votes: 1\.1 at 1/)
  })
})

describe('same state', () => {
  it('fails on two states after the same prefix', () => {
    const { processes, arena: seen } = arena()
    const invariant = sameState()
    processes[0].execute(write('a'))
    processes[0].hash = 7
    expect(invariant.afterStep!(seen)).toBeNull()
    processes[1].execute(write('a'))
    processes[1].hash = 8
    expect(invariant.afterStep!(seen)).toMatch(/1\.2 has executed 1 slots/)
    processes[1].hash = 7
    expect(invariant.afterStep!(seen)).toBeNull()
  })
})

describe('nothing goes back', () => {
  it('fails when a promise or the executed mark does, within one life', () => {
    const { processes, arena: seen } = arena()
    const invariant = monotone()
    processes[0].replica.promised = 5
    processes[1].execute(write('a'))
    expect(invariant.afterStep!(seen)).toBeNull()
    processes[0].replica.promised = 4
    expect(invariant.afterStep!(seen)).toMatch(/1\.1 promised 5, then 4/)
    processes[0].replica.promised = 6
    processes[1].replica.log.executed = 0
    expect(invariant.afterStep!(seen)).toMatch(/1\.2 executed 1, then 0/)
  })
})

describe('no defect', () => {
  it('fails when a node has stopped by one', () => {
    const { processes, arena: seen } = arena()
    expect(healthy().afterStep!(seen)).toBeNull()
    processes[1].failure = new Error('broken')
    expect(healthy().afterStep!(seen)).toMatch(/1\.2: .*broken/)
  })
})

describe('linearizable', () => {
  const written = { client: '1', key: 'k', op: 'put', input: 'a', output: undefined, call: 1, return: 2, outcome: 'ok' }
  const reading = { client: '2', key: 'k', op: 'get', input: null, call: 3, return: 4, outcome: 'ok' }
  const verdict = (...history: unknown[]) => linearizable().atEnd!(arena(history).arena)

  it('fails on a lost write, a stale read and a phantom', () => {
    expect(verdict(written, { ...reading, output: 'a' })).toBeNull()
    expect(verdict(written, { ...reading, output: null })).toMatch(/not linearizable/)
    expect(verdict({ ...reading, output: 'b' })).toMatch(/not linearizable/)
  })

  it('fails when a refused write was applied; an unknown one may be', () => {
    expect(verdict({ ...written, outcome: 'failed' }, { ...reading, output: 'a' })).toMatch(/not linearizable/)
    expect(verdict({ ...written, outcome: 'unknown', return: Infinity }, { ...reading, output: 'a' })).toBeNull()
  })
})

it('a run checks all of them', () => {
  expect(invariants().map(({ name }) => name)).toEqual([
    'no defect',
    'agreement',
    'quorum',
    'same state',
    'nothing goes back',
    'linearizable',
  ])
})
