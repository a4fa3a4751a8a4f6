/** Every invariant can fail: each is fed a situation that violates it, and one that does not. */
import { describe, expect, it } from 'vitest'
import { get, put } from '../../command.ts'
import { Cluster, type NodeId } from '../../node-id.ts'
import { majority } from '../../quorum/index.ts'
import { KeyValueStore } from '../../store/kv-store.ts'
import type { Arena } from '../arena.ts'
import { agreement } from './agreement.ts'
import { bounded } from './bounded.ts'
import { healthy } from './healthy.ts'
import { honestRefusals } from './honest-refusals.ts'
import { invariants } from './index.ts'
import { intersection } from './intersection.ts'
import { linearizable } from './linearizable.ts'
import { monotone } from './monotone.ts'
import { onlyClients } from './only-clients.ts'
import { quorum } from './quorum.ts'
import { sameState } from './same-state.ts'
import { arena, cluster, fake, write } from './testing/situation.ts'

const encoder = new TextEncoder()

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

describe('only clients', () => {
  it('fails on a value that nobody wrote, on another key, and on a read that nobody asked for', () => {
    for (const [command, bad] of [
      [write('a'), null],
      [get('k'), null],
      [write('x'), 'no client asked for what stands in slot 0: operation 2 of key k, "x"'],
      [put('other', encoder.encode('a')), 'no client asked for what stands in slot 0: operation 2 of key other, "a"'],
      [get('other'), 'no client asked for what stands in slot 0: operation 1 of key other, ""'],
    ] as const) {
      const { processes, arena: seen } = arena()
      processes[0].execute()
      expect(onlyClients().afterStep!(seen)).toBeNull()
      processes[1].execute(command)
      const message = onlyClients().afterStep!({ ...seen, processes: [processes[1]] } as unknown as Arena)
      expect(message).toBe(bad)
    }
  })

  it('fails when a write stands in two slots, and not when two nodes execute it', () => {
    const { processes, arena: seen } = arena()
    const invariant = onlyClients()
    processes[0].execute(write('a'))
    processes[1].execute(write('a'))
    expect(invariant.afterStep!(seen)).toBeNull()
    processes[0].execute(write('b'), write('a'))
    expect(invariant.afterStep!(seen)).toBe('k=a stands in slot 0 and in slot 1')
  })

  it('tells a write of the empty value from what writes nothing', () => {
    const { processes, clients, arena: seen } = arena()
    processes[0].execute(write(''))
    expect(onlyClients().afterStep!(seen)).toMatch(/no client asked for what stands in slot 0/)
    const invariant = onlyClients()
    clients.issued.add('k=')
    expect(invariant.afterStep!(seen)).toBeNull()
    processes[0].execute(write(''))
    expect(invariant.afterStep!(seen)).toBe('k= stands in slot 0 and in slot 1')
  })

  it('fails when a write stands in another slot than its client was told', () => {
    const { processes, clients, arena: seen } = arena()
    const invariant = onlyClients()
    const acknowledge = (value: string, slot: number) =>
      clients.acknowledged.push({ key: 'k', version: 1, value, previous: null, position: { slot, ballot: 1 } })
    processes[0].execute(write('a'))
    processes[0].execute(write('b'))
    acknowledge('a', 0)
    acknowledge('c', 7)
    expect(invariant.afterStep!(seen)).toBeNull()
    acknowledge('b', 2)
    expect(invariant.afterStep!(seen)).toBe('k=b stands in slot 1, its client was told slot 2')
  })

  it('fails on a register with a value that nobody wrote', () => {
    const store = new KeyValueStore()
    const status = () => ({ executed: null })
    const process = { id: cluster.at(0), store, replica: { status } }
    const { arena: seen } = arena()
    const invariant = onlyClients()
    const look = () => invariant.afterStep!({ ...seen, processes: [process] } as unknown as Arena)
    store.set('k', encoder.encode('a'))
    expect(look()).toBeNull()
    store.set('k', encoder.encode('x'))
    expect(look()).toMatch(/what stands in a register of 1\.1: .* "x"/)
  })
})

describe('honest refusals', () => {
  it('fails when a write was refused and is applied, whichever came first', () => {
    for (const first of ['refused', 'executed']) {
      const { processes, clients, arena: seen } = arena()
      const invariant = honestRefusals()
      const steps = [() => clients.refused.add('k=a'), () => processes[0].execute(write('a'))]
      if (first === 'executed') steps.reverse()
      steps[0]!()
      expect(invariant.afterStep!(seen)).toBeNull()
      steps[1]!()
      expect(invariant.afterStep!(seen)).toBe('k=a was definitely refused, and stands in slot 0')
    }
  })

  it('fails when a client has read what was refused, and not when another write was', () => {
    const { clients, processes, arena: seen } = arena([{ op: 'get', key: 'k', output: 'a' }])
    const invariant = honestRefusals()
    clients.refused.add('k=b')
    processes[0].execute(write('a'))
    expect([invariant.afterStep!(seen), invariant.atEnd!(seen)]).toEqual([null, null])
    clients.refused.add('k=a')
    expect(honestRefusals().atEnd!(seen)).toBe('k=a was definitely refused, and stands in what a client read')
  })
})

describe('quorums meet', () => {
  it('fails when two of five may open a ballot and three may decide', () => {
    const five = new Cluster(['1.1', '1.2', '1.3', '1.4', '1.5'])
    const look = (phase1: number, phase2: number) => {
      const atLeast = (count: number) => ({ includes: (members: readonly NodeId[]) => members.length >= count })
      const quorum = { name: 'forged', phase1: atLeast(phase1), phase2: atLeast(phase2) }
      const seen = { processes: [{ replica: { quorum } }, { replica: null }], cluster: five }
      return intersection().afterStep!(seen as unknown as Arena)
    }
    expect([look(3, 3), look(2, 4), look(5, 1)]).toEqual([null, null, null])
    expect(look(2, 3)).toBe('forged: phase 1 takes 1.1, 1.2, phase 2 takes 1.3, 1.4, 1.5, and nobody is in both')
  })
})

describe('bounded', () => {
  const situation = (load: object, replica: object = {}, life = 1, clock = 0) => {
    const idle = { requests: 0, forwarded: 0, inbox: 0, inboxBytes: 0, held: 0, unsyncedBytes: 0, dropped: 0 }
    const node = { load: { ...idle, ...load } }
    const process = { id: cluster.at(0), life, clock, node, replica: { status: () => ({}), ...replica } }
    const nodeOptions = { maxRequests: 2, maxInbox: 64, maxInboxBytes: 1000, maxUnsyncedBytes: 2000 }
    return { processes: [process], cluster, nodeOptions } as unknown as Arena
  }
  const look = (load: object, replica: object = {}) => {
    const seen = situation(load, replica)
    return [bounded().afterStep!(seen), bounded().atRest!(seen)]
  }

  it('fails on too many requests, events and outputs', () => {
    expect(look({ inbox: 64 })).toEqual([null, null])
    expect(look({ requests: 4 })[0]).toBeNull()
    expect(look({ requests: 5 })[0]).toBe('1.1 has 5 open requests, and may have 4')
    expect(look({ inbox: 1000 })[0]).toBe('1.1 has queued 1000 events, and may queue 64')
    expect(look({ held: 5000 })[0]).toBe('1.1 holds back 5000 outputs')
    expect(look({ inboxBytes: 1000, unsyncedBytes: 2000 })).toEqual([null, null])
    expect(look({ inboxBytes: 600_000 })[0]).toBe('1.1 has queued 600000 bytes, and may queue 1000')
    expect(look({ unsyncedBytes: 600_000 })[0]).toBe('1.1 has 600000 bytes not on disk, and may have 2000')
  })

  it('fails when bytes beyond a bound become more before they are less, within one life', () => {
    for (const [what, most, complaint] of [
      ['unsyncedBytes', 2000, '1.1 was behind by 3000 bytes not on disk, and went on to 3001'],
      ['inboxBytes', 1000, '1.1 had queued 3000 bytes, which is too much, and went on to 3001'],
    ] as const) {
      const looks = (...counts: (readonly [bytes: number, life: number])[]) => {
        const invariant = bounded()
        return counts.map(([bytes, life]) => invariant.afterStep!(situation({ [what]: bytes }, {}, life)))
      }
      expect(looks([3000, 1], [3000, 1], [most, 1], [4000, 1], [5000, 2])).toEqual([null, null, null, null, null])
      expect(looks([3000, 1], [3001, 1])).toEqual([null, complaint])
    }
  })

  it('fails when a log that could be shortened stays too long, while its node goes on', () => {
    const invariant = bounded()
    let clock = 0
    let handled = 0
    let uploads = 0
    /** Looks at a node as each of its turns ends, for some time of its clock. */
    const go = (ms: number, bytes: number, { life = 1, floor = 3, turns = true } = {}) => {
      for (const end = clock + ms; clock < end; clock += 10) {
        if (turns) handled++
        const queues = {
          log: { bytes, floor, executed: 9 },
          options: { retain_bytes: 1000 },
          catchUp: { uploads: { bytes: uploads } },
        }
        const complaint = invariant.afterStep!(situation({ handled }, queues, life, clock))
        if (complaint) return complaint
      }
      return null
    }
    expect(go(20_000, 1000)).toBeNull()
    expect([go(4000, 1001), go(10, 1000), go(4000, 1001)]).toEqual([null, null, null])
    // What has been begun anew, does nothing, has nothing to forget or an upload to keep it for is not late.
    expect([go(4000, 1001, { life: 2 }), go(20_000, 1001, { life: 2, turns: false })]).toEqual([null, null])
    expect([go(20_000, 1001, { floor: 9 })]).toEqual([null])
    uploads = 1
    expect(go(20_000, 1001)).toBeNull()
    uploads = 0
    expect(go(6000, 1001)).toBe('1.1 has kept too long a log for 5010 ms')
  })

  it('fails when something is left at rest', () => {
    const log = (bytes: number) => ({ log: { bytes }, options: { retain_bytes: 1000 } })
    expect(look({}, log(1000))).toEqual([null, null])
    expect(look({}, log(1001))[1]).toBe('1.1 is at rest, and still has 1001 bytes of log, of which it may keep 1000')
    expect(look({ forwarded: 2 })[1]).toBe('1.1 is at rest, and still has 2 requests that others were asked')
    expect(look({}, { proposer: { proposals: new Map([[3, {}]]) } })[1]).toBe(
      '1.1 is at rest, and still has 1 proposals',
    )
    const uploads = { byReader: new Map([[cluster.at(1), {}]]) }
    expect(look({}, { catchUp: { uploads } })[1]).toBe('1.1 is at rest, and still has 1 snapshots for others')
    expect(look({ requests: 1 })[1]).toBe('1.1 is at rest, and still has 1 open requests')
    expect(look({ held: 1 })[1]).toBe('1.1 is at rest, and still has 1 outputs held back')
    expect(look({}, { status: () => ({ operations: 2 }) })[1]).toBe('1.1 is at rest, and still has 2 operations')
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

  it('fails when a leader counts a vote that its member has not cast at that ballot', () => {
    const { processes, arena: seen } = arena()
    const system = majority(cluster)
    const tally = system.phase2.tally()
    const proposals = new Map([[0, { ballot: 1, tally }]])
    Object.assign(processes[0].replica, { quorum: system, proposer: { proposals } })
    const invariant = quorum()
    processes[0].replica.log.get = () => ({ ballot: 1, chosen: false, commands: [] })
    processes[0].replica.log.end = 1
    tally.ack(cluster.at(0))
    expect(invariant.afterStep!(seen)).toBeNull()
    tally.ack(cluster.at(1))
    expect(invariant.afterStep!(seen)).toBe('1.1 has counted a vote of 1.2 for slot 0 at 1, which it has not')
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

  it('fails when a slot was learned above the promise, and executed at once', () => {
    const { processes, arena: seen } = arena()
    const invariant = monotone()
    processes[0].replica.promised = 1
    expect(invariant.afterStep!(seen)).toBeNull()
    processes[0].execute(write('a'))
    processes[1].execute(write('a'))
    expect(invariant.afterStep!(seen)).toBe('1.2 voted at 1 for slot 0, and has promised only 0')
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
    'one founding',
    'quorums meet',
    'elected',
    'agreement',
    'quorum',
    'confirmed',
    'own names',
    'only clients',
    'honest refusals',
    'same state',
    'exactly once',
    'nothing goes back',
    'promises kept',
    'names first',
    'abstention',
    'fenced',
    'fresh',
    'bounded',
    'linearizable',
  ])
})
