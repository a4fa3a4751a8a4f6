/** Multi-Paxos under the simulator: sweeps of random faults, and the situations that have broken others, spelled out. */
import { describe, expect, it } from 'vitest'
import { Cluster, get, majority } from '#core'
import { LAYOUTS, run } from '../../src/sim/index.ts'
import { type Pending, Scenario, type ScenarioOptions } from '../../src/sim/scenario.ts'
import { KeyValueStore } from '../../src/store/kv-store.ts'
import { Candidate } from './candidate.ts'
import protocol from './index.ts'
import * as messages from './messages.ts'
import type { Paxos } from './paxos.ts'

const FIVE = ['1.1', '1.2', '1.3', '1.4', '1.5']

/** Seeds of each layout and kind of storage. */
const SEEDS = 10

function cluster(options: Partial<ScenarioOptions> = {}): Scenario<Paxos> {
  return new Scenario<Paxos>({ protocol, messages, ...options })
}

/** Makes a node lead, whoever leads now. */
function lead(s: Scenario<Paxos>, name: string): void {
  s.act(name, (replica) => replica.election.campaign(replica.promised))
  s.until(`${name} leads`, () => s.replica(name).role === 'leader')
}

/** How an operation ended: `ok`, a code of refusal, `open`, or `dead` with its node. */
function ending({ outcome }: Pending): string {
  if (outcome === undefined) return 'open'
  if (outcome === null) return 'dead'
  return outcome.ok ? 'ok' : outcome.code
}

/** All live nodes have executed as much, and have the same state. */
function converge(s: Scenario<Paxos>): void {
  const alive = s.processes.filter((process) => process.alive)
  s.until(
    'convergence',
    () => new Set(alive.map((p) => `${p.replica?.status().executed} ${p.store?.hash()}`)).size === 1,
  )
}

function restart(s: Scenario<Paxos>, name: string): void {
  const process = s.process(name)
  process.crash()
  process.boot()
}

function commandsOf(replica: Paxos, slot: number): string[] | undefined {
  return replica.log.get(slot)?.commands.map(({ value }) => new TextDecoder().decode(value))
}

describe('sweep', () => {
  for (const layout of Object.keys(LAYOUTS)) {
    for (const durable of [true, false]) {
      it(`${layout}, ${durable ? 'disk' : 'memory'}`, () => {
        let acknowledged = 0
        for (let seed = 1; seed <= SEEDS; seed++) {
          const report = run({ protocol, seed, layout, durable })
          const command = `npm run sim -- -algorithm paxos -seed ${seed} -nodes ${layout} -storage ${durable ? 'disk' : 'memory'} -trace`
          expect(report.violation, command).toBeNull()
          expect(report.invalid, command).toBeNull()
          acknowledged += report.totals.ok
        }
        expect(acknowledged).toBeGreaterThan(100 * SEEDS)
      })
    }
  }
})

describe('a new leader learns what was decided', () => {
  for (const durable of [true, false]) {
    it(`that missed ten writes loses none of them (${durable ? 'disk' : 'memory'})`, () => {
      const s = cluster({ durable })
      const [a, b, c] = s.start() as [string, string, string]
      s.cutOff(c)
      for (let key = 0; key < 10; key++) s.write(a, `${key}`)
      s.process(a).crash()
      s.network.heal()
      lead(s, c)
      for (let key = 0; key < 10; key++) expect(s.read(c, `${key}`)).toBe(`v${key + 1}`)
      expect(s.replica(b).leader).toBe(s.id(c))
      s.process(a).boot()
      s.until(`${a} votes again`, () => s.replica(a).leader !== null && s.replica(a).voting)
      s.write(a, '0')
      converge(s)
      s.judge()
    })
  }

  it('fetches the snapshot first when it is below the floor of its quorum', () => {
    const s = cluster({ options: { retain: 0 } })
    const [a, b, c] = s.start() as [string, string, string]
    s.cutOff(c)
    for (let key = 0; key < 10; key++) s.write(a, `${key}`)
    s.until('truncation', () => s.replica(b).log.floor >= 10)
    s.process(a).crash()
    s.network.heal()
    s.passed.length = 0
    lead(s, c)
    const sent = s.passed.filter(({ from }) => from === c).map(({ name }) => name)
    expect(sent).toContain('Download')
    expect(sent).not.toContain('Accept')
    for (let key = 0; key < 10; key++) expect(s.read(c, `${key}`)).toBe(`v${key + 1}`)
    s.judge()
  })

  it('waits for all chunks of an answer', () => {
    const s = cluster({ options: { chunk_bytes: 1 } })
    const [a, , c] = s.start() as [string, string, string]
    s.cutOff(c)
    for (let key = 0; key < 10; key++) s.write(a, `${key}`)
    s.process(a).crash()
    s.network.heal()
    s.passed.length = 0
    lead(s, c)
    const chunks = s.passed.filter(({ to, name, message }) => to === c && name === 'Prepared' && message.more === true)
    expect(chunks.length).toBeGreaterThanOrEqual(4)
    for (let key = 0; key < 10; key++) expect(s.read(c, `${key}`)).toBe(`v${key + 1}`)
    s.judge()
  })

  it('fills a hole with a no-op, and keeps what stands above it', () => {
    const s = cluster({ options: { batch: 1 } })
    const [a, b, c] = s.start() as [string, string, string]
    s.write(a, 'before')
    const hole = s.replica(a).proposer.next
    s.admits = ({ name, message }) => name !== 'Accept' || message.slot !== hole
    const lost = s.submit(a, 'lost', true)
    const above = s.submit(a, 'above', true)
    s.until('a vote above the hole', () => s.replica(b).log.get(hole + 1) !== undefined)
    s.process(a).crash()
    s.admits = () => true
    expect([ending(lost), ending(above)]).toEqual(['dead', 'dead'])
    lead(s, b)
    s.until('execution', () => s.replica(c).log.executed > hole + 1)
    expect(commandsOf(s.replica(b), hole)).toEqual([])
    expect(commandsOf(s.replica(b), hole + 1)).toHaveLength(1)
    expect(s.read(c, 'lost')).toBeNull()
    expect(s.read(c, 'above')).toMatch(/^v/)
    s.judge()
  })

  it('does not take what it holds for what a commit notice of another ballot means', () => {
    const s = cluster({ nodes: FIVE, durable: true })
    const [a, b, c, d, e] = s.start() as [string, string, string, string, string]
    s.write(a, 'k')
    const slot = s.replica(a).proposer.next
    // Only a and c vote for the first value.
    s.admits = ({ name, from, to }) => name !== 'Accept' || from !== a || to === c
    s.submit(a, 'k', true)
    s.until('the vote', () => s.replica(c).log.get(slot) !== undefined)
    const first = commandsOf(s.replica(c), slot)
    s.process(a).crash()
    s.cutOff(c)
    lead(s, b)
    s.write(b, 'k')
    expect(s.replica(b).log.executed).toBeGreaterThan(slot)
    expect(commandsOf(s.replica(b), slot)).not.toEqual(first)
    // c hears only commit notices and heartbeats of the new ballot.
    s.admits = ({ name, to }) => name !== 'Accept' || to !== c
    s.network.heal()
    s.until('c learns', () => s.replica(c).log.executed > slot)
    expect(commandsOf(s.replica(c), slot)).toEqual(commandsOf(s.replica(b), slot))
    expect([d, e].map((name) => s.replica(name).leader)).toEqual([s.id(b), s.id(b)])
    s.judge()
  })
})

describe('elections', () => {
  it('of the votes for a slot, the chosen one or that of the highest ballot counts, in whatever order they come', () => {
    const three = new Cluster(['1.1', '1.2', '1.3'])
    const vote = (ballot: number, chosen = false) => ({ slot: 4, ballot, chosen, commands: [get(`${ballot}`)] })
    const answer = (...votes: messages.Vote[]) => {
      return { ballot: 99, from: 0, end: 5, more: false, floor: 0, votes }
    }
    for (const [votes, expected] of [
      [[vote(1), vote(7), vote(3)], 7],
      [[vote(7), vote(3), vote(1)], 7],
      [[vote(3), vote(1, true), vote(7)], 1],
      [[vote(1, true), vote(7), vote(3)], 1],
    ] as const) {
      const candidate = new Candidate(99, 0, majority(three).phase1.tally())
      for (const [index, id] of three.members.entries()) candidate.take(answer(votes[index]!), id)
      expect(candidate.votes.get(4)?.ballot).toBe(expected)
      expect([candidate.end, candidate.elected]).toEqual([5, true])
    }
  })

  it('a ballot is on disk before a message names it, so it is never issued twice', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const s = cluster({ durable: true, seed })
      const [, , c] = s.start() as [string, string, string]
      let named = 0
      s.admits = ({ from, name, message }) => {
        if (from === c && name === 'Prepare') named = Math.max(named, Number(message.ballot))
        return true
      }
      s.watch = () => {
        if (named > 0 && s.process(c).life === 1) s.process(c).crash()
      }
      s.act(c, (replica) => replica.election.campaign(replica.promised))
      s.until('the crash', () => !s.process(c).alive)
      s.process(c).boot()
      s.until('recovery', () => s.process(c).node?.memory === 'kept')
      expect(s.replica(c).promised, `seed ${seed}`).toBeGreaterThanOrEqual(named)
    }
  })

  it('duelling candidates end in one leader', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const s = cluster({ nodes: FIVE, seed })
      s.start()
      for (const name of FIVE) {
        const { node } = s.process(name)
        node!.setTimer(0, () => s.replica(name).election.campaign(s.replica(name).promised))
      }
      s.run(5)
      s.until(
        'peace',
        () => new Set(FIVE.map((name) => s.replica(name).leader)).size === 1 && s.leader() !== null,
        3000,
      )
      const before = s.replica('1.1').promised
      for (const name of FIVE) s.write(name, 'k')
      s.run(3000)
      expect(s.replica('1.1').promised, `seed ${seed}`).toBe(before)
      s.judge()
    }
  })

  it('a follower that alone cannot hear the leader does not depose it', () => {
    const s = cluster()
    const [a, , c] = s.start() as [string, string, string]
    const before = s.replica(a).promised
    s.network.cut(s.id(a), s.id(c))
    s.passed.length = 0
    s.run(5000)
    expect(s.passed.some(({ from, name }) => from === c && name === 'Canvass')).toBe(true)
    expect(s.passed.some(({ name }) => name === 'Prepare')).toBe(false)
    expect([s.leader(), s.replica(a).promised]).toEqual([a, before])
    s.network.heal()
    s.until(`${c} follows`, () => s.replica(c).leader === s.id(a))
    s.judge()
  })

  it('a dead leader is replaced within a second or two', () => {
    const s = cluster()
    const [a, b] = s.start() as [string, string, string]
    s.process(a).crash()
    s.write(b, 'k', 2500)
    s.judge()
  })

  it('a leader that reaches no quorum steps down, and then refuses honestly', () => {
    const s = cluster()
    const [a] = s.start() as [string, string, string]
    s.cutOff(a)
    s.until('stepping down', () => s.replica(a).role === 'follower', 1200)
    const late = s.submit(a, 'k', true)
    s.until('a refusal', () => late.outcome !== undefined, 3000)
    expect(ending(late)).toBe('unavailable')
    s.judge()
  })
})

describe('partial partitions (Omni-Paxos, EuroSys 2023, §2) leave progress where one node reaches a quorum', () => {
  const serves = (s: Scenario<Paxos>, name: string) => {
    s.write(name, 'k', 8000)
    const ballot = s.replica(name).promised
    s.run(3000)
    expect(s.replica(name).promised, 'no more elections').toBe(ballot)
    s.write(name, 'k', 500)
    s.network.heal()
    s.run(3000)
    for (const { id } of s.processes) s.write(id.name, 'k')
    converge(s)
    s.judge()
  }

  it('quorum loss: all reach one node, and that is not the leader', () => {
    const s = cluster({ nodes: FIVE })
    const [a, hub, ...rest] = s.start() as [string, string, ...string[]]
    s.keepOnly([a, ...rest].map((name) => [hub, name] as const))
    serves(s, hub)
  })

  it('constrained election: the leader is cut off, and the only node that reaches a quorum missed writes', () => {
    const s = cluster({ nodes: FIVE })
    const [a, hub, ...rest] = s.start() as [string, string, ...string[]]
    s.cutOff(hub)
    for (let i = 0; i < 5; i++) s.write(a, `${i}`)
    s.network.heal()
    s.keepOnly(rest.map((name) => [hub, name] as const))
    serves(s, hub)
  })

  it('chain: the leader stands at its end', () => {
    const s = cluster({ nodes: FIVE })
    const [a, b, c, d, e] = s.start() as [string, string, string, string, string]
    s.keepOnly([
      [a, b],
      [b, c],
      [c, d],
      [d, e],
    ])
    serves(s, c)
  })

  it('chain of three: two that do not see each other share a middle', () => {
    const s = cluster()
    const [a, b, c] = s.start() as [string, string, string]
    s.keepOnly([
      [a, b],
      [b, c],
    ])
    serves(s, a)
  })

  it('star of three: the leader loses one of two', () => {
    const s = cluster()
    const [a, b, c] = s.start() as [string, string, string]
    s.keepOnly([
      [a, c],
      [b, c],
    ])
    serves(s, c)
  })
})

describe('requests', () => {
  it('of a deposed leader: what was proposed ends unknown, what waited is served by the next', () => {
    const s = cluster({ options: { pipeline: 1, batch: 1 } })
    const [a, b, c] = s.start() as [string, string, string]
    s.cutOff(a)
    const pending = [1, 2, 3].map((key) => s.submit(a, `${key}`, true))
    s.run(50)
    expect(s.replica(a).proposer.proposals.size).toBe(1)
    lead(s, b)
    s.network.heal()
    s.until('answers', () => pending.every(({ outcome }) => outcome !== undefined))
    expect(pending.map(ending)).toEqual(['unknown', 'ok', 'ok'])
    expect([2, 3].map((key) => s.read(c, `${key}`))).toEqual(['v2', 'v3'])
    s.judge()
  })

  it('are forwarded once: a target that does not lead any more refuses them definitely', () => {
    const s = cluster()
    const [a, b, c] = s.start() as [string, string, string]
    // b does not hear of the next leader, and sends on to the old one.
    s.network.cut(s.id(c), s.id(b))
    lead(s, c)
    s.until(`${a} follows`, () => s.replica(a).leader === s.id(c))
    expect(s.replica(b).leader).toBe(s.id(a))
    const pending = s.submit(b, 'k', true)
    s.until('an answer', () => pending.outcome !== undefined, 300)
    expect(ending(pending)).toBe('unavailable')
    s.network.heal()
    s.until('peace', () => s.replica(b).leader !== null)
    expect(s.read(b, 'k')).toBeNull()
    s.judge()
  })

  it('whose frames arrive twice are executed once', () => {
    const s = cluster()
    const [a, b] = s.start() as [string, string, string]
    s.network.weather.duplicate = 1
    for (let i = 0; i < 20; i++) s.write(b, 'k')
    expect(s.process(a).store?.get('k').version).toBe(20)
    s.judge()
  })

  it('keep to the bounds of batches and pipeline', () => {
    const s = cluster({ options: { batch: 4, pipeline: 3 } })
    const [a] = s.start() as [string, string, string]
    let open = 0
    s.watch = () => {
      open = Math.max(open, s.replica(a).proposer.proposals.size)
    }
    const pending = Array.from({ length: 50 }, (_, key) => s.submit(a, `${key}`, true))
    s.until('answers', () => pending.every(({ outcome }) => outcome?.ok))
    const sizes = s.passed.filter(({ name }) => name === 'Accept').map(({ message }) => (message.commands as []).length)
    expect(open).toBe(3)
    expect(Math.max(...sizes)).toBe(4)
    s.judge()
  })

  it('beyond the bound are refused before they are proposed', () => {
    const s = cluster({ nodeOptions: { maxRequests: 5 } })
    const [a] = s.start() as [string, string, string]
    const pending = Array.from({ length: 8 }, (_, key) => s.submit(a, `${key}`, true))
    s.until('answers', () => pending.every(({ outcome }) => outcome !== undefined))
    expect(pending.map(ending)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok', 'overloaded', 'overloaded', 'overloaded'])
    s.judge()
  })
})

describe('memory', () => {
  it('a node that forgot its votes counts in no quorum before its fence', () => {
    const s = cluster()
    const [a, r, x] = s.start() as [string, string, string]
    // Chosen by the leader and r alone; nobody else hears of it.
    s.admits = ({ from, to }) => from !== a || to === r
    s.write(a, 'k')
    s.cutOff(a)
    s.admits = () => true
    restart(s, r)
    s.run(500)
    s.passed.length = 0
    const slot = s.replica(a).proposer.next
    s.forge(a, r, messages.Accept, { ballot: s.replica(a).promised, slot, committed: 0, commands: [] })
    s.forge(x, r, messages.Prepare, { ballot: s.replica(a).promised + 4096 * 9, from: 0 })
    s.run(6000)
    const answers = ['Canvassed', 'Prepared', 'Accepted', 'Heard']
    expect(s.passed.filter(({ from, name }) => from === r && answers.includes(name))).toEqual([])
    expect(s.replica(r).voting).toBe(false)
    expect(s.leader()).toBeNull()
    expect(s.process(r).node?.memory).toBe('lost')
    const refused = s.submit(x, 'k', false)
    s.until('a refusal', () => refused.outcome !== undefined)
    expect(ending(refused)).toBe('unavailable')
    s.network.heal()
    s.until('the fence', () => s.replica(r).voting)
    expect(s.process(r).node?.memory).toBe('kept')
    expect(s.read(x, 'k')).toBe('v1')
    s.judge()
  })

  it('a node whose disk is replaced takes over the votes before its own counts, also after the next restart', () => {
    const s = cluster({ durable: true })
    const [a, r, x] = s.start() as [string, string, string]
    for (let key = 0; key < 5; key++) s.write(a, `${key}`)
    s.process(r).crash()
    s.process(r).disk.wipe()
    s.process(r).boot()
    s.until('the fence', () => s.replica(r).voting && s.replica(r).log.executed >= 5)
    // Until that is on disk.
    s.run(20)
    restart(s, r)
    s.run(10)
    expect(s.process(r).node?.memory).toBe('kept')
    expect(s.replica(r).voting).toBe(true)
    s.process(a).crash()
    for (let key = 0; key < 5; key++) expect(s.read(x, `${key}`)).toBe(`v${key + 1}`)
    s.judge()
  })

  it('what it takes over is on disk before its votes count, at whatever record it crashes', () => {
    const outcomes = new Set<string>()
    for (let seed = 1; seed <= 40; seed++) {
      const s = cluster({ durable: true, seed })
      const [a, r, x] = s.start() as [string, string, string]
      // Chosen by a and r; from now on the others learn only what phase 1 tells.
      s.admits = ({ to }) => to !== x
      s.write(a, 'k')
      const elections = ['Canvass', 'Canvassed', 'Prepare', 'Prepared']
      s.admits = ({ to, name }) => to === a || elections.includes(name)
      s.process(r).crash()
      s.process(r).disk.wipe()
      s.process(r).boot()
      s.watch = () => {
        if (s.process(r).alive && s.replica(r).voting && s.process(r).node?.memory) s.process(r).crash()
      }
      s.until('the fence', () => !s.process(r).alive)
      s.watch = () => {}
      s.process(a).crash()
      s.admits = () => true
      s.process(r).boot()
      s.run(3000)
      outcomes.add(s.process(r).node!.memory!)
      if (s.process(r).node!.memory === 'kept') expect(s.read(x, 'k')).toBe('v1')
      s.judge()
    }
    expect([...outcomes].sort()).toEqual(['kept', 'lost'])
  })

  it('all nodes restart from their disks and know what they acknowledged', () => {
    const s = cluster({ durable: true })
    const [a, b, c] = s.start() as [string, string, string]
    for (let key = 0; key < 5; key++) s.write(a, `${key}`)
    for (const name of [a, b, c]) s.process(name).crash()
    for (const name of [a, b, c]) s.process(name).boot()
    for (let key = 0; key < 5; key++) expect(s.read(b, `${key}`)).toBe(`v${key + 1}`)
    s.judge()
  })

  it('a cluster of one serves at once, and again after a restart', () => {
    const s = cluster({ nodes: ['1.1'], durable: true })
    s.start()
    s.write('1.1', 'k')
    restart(s, '1.1')
    expect(s.read('1.1', 'k')).toBe('v1')
    s.judge()
  })

  it('the log kept for a dead node is bounded; it gets a snapshot when it comes back', () => {
    const s = cluster({ options: { retain: 10, chunk_bytes: 16 }, durable: true })
    const [a, b, c] = s.start() as [string, string, string]
    s.process(c).crash()
    for (let i = 0; i < 100; i++) s.write(a, `${i % 7}`)
    s.run(300)
    expect(s.replica(a).log.size).toBeLessThanOrEqual(10)
    expect(s.replica(b).log.size).toBeLessThanOrEqual(10)
    s.passed.length = 0
    s.process(c).boot()
    s.until('the snapshot', () => s.replica(c).log.executed === s.replica(a).log.executed)
    expect(s.passed.some(({ to, name }) => to === c && name === 'Downloaded')).toBe(true)
    restart(s, c)
    converge(s)
    s.judge()
  })
})

describe('messages that come late', () => {
  it("a refusal of a candidate's earlier ballot is no promise of its later one", () => {
    const s = cluster()
    const [a, b, c] = s.start() as [string, string, string]
    s.cutOff(c)
    s.write(a, 'k')
    s.process(a).crash()
    s.network.heal()
    // No genuine answer reaches c, so only what is mistaken for one can elect it.
    s.admits = ({ from, to, name }) => !(name === 'Prepared' && from === b && to === c)
    s.act(c, (replica) => replica.election.campaign(replica.promised))
    const early = s.replica(c).promised
    s.act(c, (replica) => replica.election.campaign(replica.promised))
    s.until(`${b} promises`, () => s.replica(b).promised === s.replica(c).promised)
    s.admits = () => true
    s.forge(c, b, messages.Prepare, { ballot: early, from: 0 })
    // Nor is a promise of the earlier one.
    s.forge(b, c, messages.Prepared, { ballot: early, from: 0, end: 0, more: false, floor: 0, votes: [] })
    expect(s.read(c, 'k')).toBe('v1')
    s.judge()
  })

  it("a refusal of a leader's earlier ballot is no vote for its later one", () => {
    const s = cluster()
    const [a, b, c] = s.start() as [string, string, string]
    const early = s.replica(a).promised
    lead(s, a)
    s.run(50)
    s.admits = ({ from, name }) => name !== 'Accept' || from !== a
    const slot = s.replica(a).proposer.next
    const pending = s.submit(a, 'k', true)
    s.run(20)
    s.forge(a, b, messages.Accept, { ballot: early, slot, committed: 0, commands: [] })
    // Nor is a vote at the earlier one.
    s.forge(b, a, messages.Accepted, { ballot: early, slot })
    expect(s.replica(b).log.get(slot)).toBeUndefined()
    expect(ending(pending)).toBe('open')
    s.process(a).crash()
    s.admits = () => true
    expect(s.read(c, 'k')).toBeNull()
    s.judge()
  })

  it('repeated answers to a candidate do not multiply', () => {
    const s = cluster({ options: { chunk_bytes: 1 } })
    const [a, , c] = s.start() as [string, string, string]
    s.cutOff(c)
    for (let key = 0; key < 30; key++) s.write(a, `${key}`)
    s.process(a).crash()
    s.network.heal()
    s.network.weather.duplicate = 1
    s.passed.length = 0
    s.watch = () => {
      expect(s.passed.length).toBeLessThan(500)
    }
    lead(s, c)
    expect(s.read(c, '29')).toBe('v30')
  })
})

describe('a slow network', () => {
  it('lets a laggard fetch its snapshot though a round trip is longer than a heartbeat', () => {
    const options = { retain: 5, heartbeat_ms: 100, election_ms: 1500 }
    const s = cluster({ options, nodeOptions: { requestTimeoutMs: 10_000 } })
    const [a, , c] = s.start() as [string, string, string]
    s.cutOff(c)
    for (let i = 0; i < 50; i++) s.write(a, `${i}`)
    s.run(500)
    // Small pieces, so that a snapshot takes many round trips.
    const store = s.process(a).store!
    store.snapshot = () => KeyValueStore.prototype.snapshot.call(store, 256)
    Object.assign(s.network.weather, { leastDelay: 80, mostDelay: 85 })
    s.network.heal()
    const target = s.replica(a).log.executed
    // Writes go on, so every snapshot is of another slot.
    const busy = () => {
      s.submit(a, 'k', true)
      s.world.after(50, busy)
    }
    busy()
    s.until(`${c} catches up`, () => s.replica(c).log.executed >= target, 20_000)
    s.judge()
  })
})

describe('an authenticated peer that talks nonsense', () => {
  const HUGE = Number.MAX_SAFE_INTEGER
  const commands: [] = []
  const data = new Uint8Array(0)
  const vote = { slot: HUGE, ballot: HUGE, chosen: true, commands }

  it('changes nothing and stops nothing', () => {
    const s = cluster()
    const [a, b, c] = s.start() as [string, string, string]
    s.write(a, 'k')
    s.run(300)
    const ballot = s.replica(a).promised
    const executed = s.replica(a).log.executed
    for (const to of [a, c]) {
      // Among them ballots that name no member, and that no member could have issued.
      for (const number of [HUGE, 0, 1, 4095, 4096 * 7 + 3, 2 ** 53 - 4096]) {
        s.forge(b, to, messages.Canvass, { round: number })
        s.forge(b, to, messages.Canvassed, { round: number, promised: number, granted: true })
        s.forge(b, to, messages.Prepare, { ballot: number, from: number })
        s.forge(b, to, messages.Prepared, {
          ballot: number,
          from: 0,
          end: number,
          more: true,
          floor: number,
          votes: [vote],
        })
        s.forge(b, to, messages.Accept, { ballot: number, slot: number, committed: HUGE, commands })
        s.forge(b, to, messages.Accept, { ballot, slot: number, committed: HUGE, commands })
        s.forge(b, to, messages.Accepted, { ballot: number, slot: number })
        s.forge(b, to, messages.Accepted, { ballot, slot: number })
        s.forge(b, to, messages.Refused, { ballot: number })
        s.forge(b, to, messages.Commit, { ballot: number, committed: HUGE })
        s.forge(b, to, messages.Heartbeat, { ballot: number, committed: HUGE, floor: HUGE })
        s.forge(b, to, messages.Heard, { ballot: number, executed: 0 })
        s.forge(b, to, messages.Learn, { from: number })
        s.forge(b, to, messages.Learned, { floor: 0, executed: number, votes: [vote] })
        s.forge(b, to, messages.Download, { id: number, piece: number })
        s.forge(b, to, messages.Downloaded, { id: number, slot: number, piece: 0, last: true, data })
      }
    }
    s.run(3000)
    expect([a, b, c].map((name) => s.replica(name).promised)).toEqual([ballot, ballot, ballot])
    expect([a, b, c].map((name) => s.replica(name).log.executed)).toEqual([executed, executed, executed])
    expect(s.leader()).toBe(a)
    for (const name of [a, b, c]) s.write(name, 'k')
    s.judge()
  })

  it('cannot use up the ballots', () => {
    const s = cluster()
    const [a, b, c] = s.start() as [string, string, string]
    s.forge(b, a, messages.Refused, { ballot: 2 ** 40 * 4096 + 4 })
    s.forge(b, a, messages.Refused, { ballot: 2 ** 40 * 4096 })
    for (const name of [a, b, c]) s.write(name, 'k')
    s.judge()
  })

  it('a leader that proposes far beyond its log is not believed', () => {
    const s = cluster()
    const [a, b] = s.start() as [string, string, string]
    s.write(a, 'k')
    const { promised } = s.replica(a)
    s.forge(a, b, messages.Accept, { ballot: promised, slot: HUGE, committed: 0, commands })
    expect(s.replica(b).log.get(HUGE)).toBeUndefined()
    expect(s.replica(b).log.end).toBeLessThan(10)
    s.write(a, 'k')
    s.judge()
  })
})
