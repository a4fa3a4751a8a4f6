/** The invariants of who leads, who may vote again, and how a cluster starts: each can fail, and does not without reason. */
import { describe, expect, it } from 'vitest'
import type { NodeId } from '../../node-id.ts'
import { majority } from '../../quorum/index.ts'
import type { Memory } from '../../replica.ts'
import { abstention } from './abstention.ts'
import { confirmed } from './confirmed.ts'
import { elected } from './elected.ts'
import { fenced } from './fenced.ts'
import { oneFounding } from './one-founding.ts'
import { ownNames } from './own-names.ts'
import { arena, cluster, ear } from './testing/situation.ts'

describe('elected', () => {
  /** Two nodes with these promises, the first of which comes to lead at a ballot. */
  function lead(ballot: number, promises: readonly [number, number]): string | null {
    const { processes, arena: seen } = arena()
    const invariant = elected()
    const status = { leader: null as NodeId | null, ballot: 0 }
    const owner = (of: number) => cluster.at(of % 2 === 1 ? 0 : 1)
    Object.assign(processes[0].node, { ballots: { owner } })
    Object.assign(processes[0].replica, { quorum: majority(cluster), status: () => status })
    expect(invariant.afterStep!(seen)).toBeNull()
    for (const [index, promised] of promises.entries()) processes[index]!.replica.promised = promised
    Object.assign(status, { leader: cluster.at(0), ballot })
    return invariant.afterStep!(seen) as string | null
  }

  it('fails when a leader lacks the promises of a quorum for its ballot', () => {
    expect([lead(5, [5, 5]), lead(5, [5, 9])]).toEqual([null, null])
    expect(lead(5, [5, 4])).toBe('1.1 leads at ballot 5, promised only by 1.1')
    expect(lead(4, [5, 5])).toBe('1.1 leads at ballot 4, which is not its own')
  })
})

it('abstention fails when a node that has forgotten says what its protocol declares as counted', () => {
  const { processes, arena: seen } = arena()
  const invariant = abstention()
  const heard = ear(seen)
  const look = () => invariant.afterStep!(heard.arena)
  expect(look()).toBeNull()
  heard.say(0, 'Accepted', { ballot: 1, slot: 0 })
  expect(look()).toBeNull()
  processes[0].node.memory = 'lost'
  heard.say(1, 'Accepted', { ballot: 1, slot: 0 })
  expect(look()).toBeNull()
  heard.say(0, 'Surveyed', { round: 1, end: 0 })
  expect(look()).toBe('1.1 has forgotten what it held, and says what others count on')
})

it('confirmed fails when a leader counts what was confirmed at an earlier ballot', () => {
  const { processes, arena: seen } = arena()
  const invariant = confirmed()
  const heard = ear(seen)
  const tally = majority(cluster).phase2.tally()
  Object.assign(processes[0].replica, {
    role: 'leader',
    promised: 5,
    reads: { confirming: { round: { number: 1, tally } } },
  })
  expect(invariant.afterStep!(heard.arena)).toBeNull()
  heard.say(1, 'Confirmed', { ballot: 5, round: 1 })
  tally.ack(cluster.at(1))
  expect(invariant.afterStep!(heard.arena)).toBeNull()
  processes[0].replica.promised = 9
  expect(invariant.afterStep!(heard.arena)).toBe('1.1 counts what 1.2 has confirmed to an earlier lead')
})

it('own names fails when a life asks by a name that an earlier one has used, also where it died as it asked', () => {
  for (const died of [true, false]) {
    const { processes, arena: seen } = arena()
    const invariant = ownNames()
    const heard = ear(seen)
    const ask = (round: number) => {
      heard.say(0, 'Survey', { round })
      return invariant.afterStep!(heard.arena)
    }
    expect(invariant.afterStep!(heard.arena)).toBeNull()
    expect([ask(1), ask(1), ask(2)]).toEqual([null, null, null])
    if (died) {
      Object.assign(processes[0], { node: null, life: 2 })
      expect(ask(2)).toBeNull()
    }
    Object.assign(processes[0], { node: { memory: 'kept' }, life: 3 })
    expect([ask(3), ask(2)]).toEqual([null, '1.1 asks Survey by round 2, as an earlier life of it did'])
  }
})

describe('fenced', () => {
  /** 1.1 starts without its memory, opens a ballot, and has its memory again; 1.2 has promised another ballot. */
  function rejoin(fence: number | null, other: number, first: Memory | null, durable: boolean): string | null {
    const { processes, arena: seen } = arena()
    const invariant = fenced()
    const heard = ear({ ...seen, durable })
    const look = () => invariant.afterStep!(heard.arena) as string | null
    const node = { memory: first }
    const phase1 = { includes: (members: readonly NodeId[]) => members.length > 0 }
    Object.assign(processes[0], { node, replica: { ...processes[0].replica, quorum: { phase1 } } })
    expect(look()).toBeNull()
    if (fence !== null) heard.say(0, 'Prepare', { ballot: fence, from: 0 })
    processes[1].replica.promised = other
    node.memory = 'kept'
    return look()
  }

  it('fails when a node votes again behind a ballot that the others have not promised, or behind none', () => {
    expect([rejoin(5, 5, 'lost', true), rejoin(5, 7, null, false)]).toEqual([null, null])
    expect(rejoin(5, 4, 'lost', true)).toBe(
      '1.1 had forgotten its votes and votes again behind ballot 5, promised by nobody',
    )
    expect(rejoin(null, 4, null, false)).toMatch(/behind ballot 0/)
  })

  it('lets a node vote that has its votes on disk', () => {
    expect(rejoin(null, 4, null, true)).toBeNull()
  })
})

describe('one founding', () => {
  /** What 1.1 and 1.2 announce, each in its first life and blank. */
  function hear(...announced: readonly [from: number, seen: readonly number[], founding: number][]): string | null {
    const { processes, arena: seen } = arena()
    const invariant = oneFounding()
    const heard = ear(seen)
    for (const process of processes) process.node.memory = 'blank'
    expect(invariant.afterStep!(heard.arena)).toBeNull()
    for (const [from, table, founding] of announced) {
      const m = { incarnation: from + 1, seen: table, founding, challenge: 1, echo: 1 }
      heard.say(from, 'Announce', m)
    }
    return invariant.afterStep!(heard.arena) as string | null
  }

  it('fails on two tables, and not on one that is told twice', () => {
    expect(hear([0, [1, 2], 1], [1, [1, 2], 1], [1, [1, 3], 0])).toBeNull()
    expect(hear([0, [1, 2], 1], [0, [1, 3], 1])).toMatch(/1\.1 says that the cluster began with 1,3, others/)
    expect(hear([0, [1, 2], 1], [0, [1, 0], 1])).toMatch(/1\.1 says that the cluster began with 1,0, others/)
    expect(hear([0, [1, 2], 1], [1, [1, 2], 2])).toBe('1.2 is of founding 2, others of 1')
  })

  it('fails when one takes itself for blank that is not in the table with its memory', () => {
    expect(hear([0, [1, 7], 1], [1, [1, 7], 1])).toBe(
      '1.2 takes itself for blank, with memory 2: the cluster began with 1,7',
    )
  })

  it('fails when a table goes back, and not when it goes on', () => {
    expect(hear([0, [1, 0], 0], [0, [1, 2], 0], [0, [1, 3], 0], [1, [0, 2], 0])).toBeNull()
    expect(hear([0, [1, 2], 0], [0, [1, 3], 0], [0, [1, 2], 0])).toMatch(/1\.1 believes 2 again/)
  })

  it('lets one be left out by order and come back, but not with a memory that it has left', () => {
    expect(hear([0, [1, 2], 0], [0, [1, 0], 0], [0, [1, 2], 0], [0, [1, 0], 0], [0, [1, 3], 0])).toBeNull()
    expect(hear([0, [1, 2], 0], [0, [1, 0], 0], [0, [1, 3], 0], [0, [1, 2], 0])).toMatch(/1\.1 believes 2 again/)
  })
})
