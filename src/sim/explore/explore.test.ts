/** That the search sees all there is, each state once, and finds what is broken only in rare orders. */
import { describe, expect, it } from 'vitest'
import abd from '../../../protocols/abd/index.ts'
import paxos from '../../../protocols/paxos/index.ts'
import { Paxos } from '../../../protocols/paxos/paxos.ts'
import { toy } from '../../../test/support/toy.ts'
import {
  bytes,
  message,
  type Node,
  Op,
  type Protocol,
  type Replica,
  type Request,
  record,
  uint32,
} from '../../index.ts'
import type { Task } from './actor.ts'
import { explore, type Scope } from './explore.ts'

const put = (node: number, value = 'a'): Task => ({ node, key: 'x', value })
const get = (node: number): Task => ({ node, key: 'x', value: null })

function scope(protocol: Protocol, given: Partial<Scope>): Scope {
  const none = { durable: false, reorder: false, settled: false, timers: 0, losses: 0, crashes: 0, limit: 100_000 }
  return { protocol, nodes: 3, tasks: [], ...none, ...given }
}

/** A toy that holds registers. */
function registers(create: (node: Node) => Pick<Replica, 'onRequest'> & Partial<Replica>): Protocol {
  const status = () => ({ ready: true, reason: '', leader: null, ballot: 0, executed: null })
  return toy((node) => Object.assign(create(node), { status }))
}

/** Answers from the node's own register, and tells nobody. */
const alone = registers((node) => ({
  onRequest: (request) => {
    if (request.take()) node.reply(request, answer(node, request), null)
  },
}))

function answer({ store }: Node, { command: { op, key, value } }: Request) {
  const held = store.get(key)
  if (op === Op.put) store.set(key, value, held.version + 1)
  return op === Op.put ? { value: held.value, version: held.version + 1, effect: 'done' as const } : held
}

class Tell extends message({ value: bytes }) {}
class Count extends message({ number: uint32 }) {}
class Kept extends record({ value: bytes }) {}

describe('what there is', () => {
  it('is each order of two requests that nobody else hears of', () => {
    const found = explore(scope(alone, { tasks: [get(0), get(1)] }))
    // None; the first; the second; both, in either order.
    expect(found).toMatchObject({ states: 5, moves: 4, depth: 2, ends: 2, exhausted: true, violation: null })
  })

  /** Tells the others what it wrote, and answers. */
  const telling = registers((node) => {
    node.register({ Tell }, { onTell: () => {} })
    return {
      onRequest: (request) => {
        if (!request.take()) return
        node.multicast(node.peers, Tell, { value: request.command.value })
        node.reply(request, { value: null, version: 1, effect: 'done' }, null)
      },
    }
  })

  it('is each subset of messages that have arrived, or were lost, within what may be lost', () => {
    const tasks = [put(0)]
    // Before the request; then two messages that have arrived or not.
    expect(explore(scope(telling, { tasks })).states).toBe(1 + 4)
    // One may be lost instead while the other is under way, or has arrived: then it is all the same which.
    expect(explore(scope(telling, { tasks, losses: 1 })).states).toBe(1 + 4 + 3)
    expect(explore(scope(telling, { tasks, losses: 5 })).states).toBe(1 + 4 + 3 + 1)
  })

  it('is seen once, whatever came first', () => {
    const given = { tasks: [put(0), get(0)], timers: 1 }
    const found = explore(scope(paxos, given))
    expect(found).toMatchObject({ exhausted: true, violation: null })
    expect(found.moves).toBeGreaterThan(2 * found.states)
    expect(found.executed).toBeLessThan(found.states / 5)
    expect(explore(scope(paxos, given))).toEqual(found)
  })

  it('is not exhausted at the limit', () => {
    const found = explore(scope(paxos, { tasks: [put(0)], timers: 1, limit: 100 }))
    expect(found).toMatchObject({ states: 100, exhausted: false, violation: null })
  })

  it('starts after all has arrived if it is to', () => {
    const found = explore(scope(paxos, { tasks: [put(0)], settled: true }))
    expect(found).toMatchObject({ exhausted: true, violation: null })
    // No timer may ring, so only a leader that was there at the start can have answered.
    expect(explore(scope(paxos, { tasks: [put(0)] })).depth).toBe(1)
    expect(found.depth).toBeGreaterThan(5)
  })
})

describe('scopes without a violation', () => {
  const tasks = [put(0), get(1)]

  it.each([
    ['paxos, a lost message', paxos, { timers: 1, losses: 1, tasks: [put(0)] }],
    ['abd, messages that overtake', abd, { reorder: true }],
    ['abd', abd, { losses: 1 }],
    ['abd, a crash without a disk', abd, { crashes: 1, tasks: [put(0)] }],
    ['abd, a crash with a disk', abd, { crashes: 1, durable: true, tasks: [put(0)] }],
  ] as const)('%s', (_, protocol, given) => {
    const found = explore(scope(protocol, { tasks, limit: 200_000, ...given }))
    expect(found).toMatchObject({ exhausted: true, violation: null })
    expect(found.states).toBeGreaterThan(1000)
  })
})

describe('state that nobody can see', () => {
  /** Counts where only it knows, and tells. */
  const secretive = registers((node) => {
    let heard = 0
    const onTell = () => {
      if (++heard === 2) node.send(node.cluster.at(0), Count, { number: heard })
    }
    node.register({ Count, Tell }, { onTell, onCount: () => {} })
    return {
      onRequest: (request) => {
        if (request.take()) node.send(node.cluster.at(1), Tell, { value: request.command.value })
      },
    }
  })

  it('is told, for states would be taken for equal that are not', () => {
    const tasks = [put(0, 'a'), put(2, 'b')]
    expect(() => explore(scope(secretive, { tasks }))).toThrow('1.2 keeps state where it cannot be seen')
  })
})

describe('a broken protocol', () => {
  const violated = (protocol: Protocol, given: Partial<Scope>) => explore(scope(protocol, given)).violation

  it('is found with the moves that led to it', () => {
    const violation = violated(alone, { tasks: [put(0), get(1)] })!
    expect(violation.invariant).toBe('linearizable')
    expect(violation.story).toHaveLength(4)
    expect(violation.story[0]).toBe('1.1 is asked to put x a')
  })

  /** Answers before its record is on disk. */
  const hasty = registers((node) => {
    const recoverKept = ({ value }: { readonly value: Uint8Array }) => {
      node.store.set('x', value, 1)
    }
    node.register({}, { recoverKept }, { Kept })
    return {
      onRequest: (request) => {
        if (!request.take()) return
        if (request.command.op === Op.put) node.persist(Kept, { value: request.command.value })
        node.reply(request, answer(node, request), null, 'urgent')
      },
    }
  })

  it('that answers before its record is on disk is found by a crash, and only by one', () => {
    const given = { nodes: 1, tasks: [put(0), get(0)], durable: true }
    expect(violated(hasty, given)).toBeNull()
    expect(violated(hasty, { ...given, crashes: 1 })?.invariant).toBe('linearizable')
  })

  /** Throws when what was sent first does not come first. */
  const orderly = registers((node) => {
    const replica = {
      sent: 0,
      heard: 0,
      onCount: ({ number }: { readonly number: number }) => {
        if (number !== ++replica.heard) throw new Error(`got ${number}`)
      },
      onRequest: (request: Request) => {
        if (!request.take()) return
        node.send(node.cluster.at(1), Count, { number: ++replica.sent })
        node.reply(request, { value: null, version: replica.sent, effect: 'done' }, null)
      },
    }
    node.register({ Count }, replica)
    return replica
  })

  it('that relies on the order of messages is found when they overtake', () => {
    const tasks = [put(0, 'a'), put(0, 'b')]
    expect(violated(orderly, { tasks })).toBeNull()
    expect(violated(orderly, { tasks, reorder: true })?.invariant).toBe('no defect')
    expect(violated(orderly, { tasks, losses: 1 })?.invariant).toBe('no defect')
  })

  it('whose promises leave out votes is found', () => {
    const create = (node: Node, options: never) => {
      const replica = new Paxos(node, options)
      replica.catchUp.votesFrom = (slot) => ({ votes: [], end: slot, more: false })
      return replica
    }
    const tasks = [put(0), put(1, 'b')]
    const violation = violated({ ...paxos, create } as Protocol, { tasks, timers: 2 })
    expect(violation?.invariant).toMatch(/agreement|linearizable|same state/)
    const accept = / > 1\.\d .*\bAccept ballot=\d\.1\.\d slot=0 committed=0 commands=\[put x=[ab]\]$/
    expect(violation?.story).toContainEqual(expect.stringMatching(accept))
    expect(violated(paxos, { tasks, timers: 2, limit: 5_000 })).toBeNull()
  })
})
