/** Who leads: elections, and partitions that leave one node with a quorum. */
import { describe, expect, it } from 'vitest'
import { Cluster, get, majority } from '#core'
import type { Passing, Scenario, ScenarioOptions } from '../../src/sim/scenario.ts'
import { Candidate } from './candidate.ts'
import type * as messages from './messages.ts'
import type { Paxos } from './paxos.ts'
import { cluster, converge, ending, FIVE } from './testing/cluster.ts'

/** Whether a message is lost; `others` are all but the leader. */
type Loses = (passing: Passing, others: readonly string[]) => boolean

/** All vote, and nobody hears of it; so all of it has to be told. */
const unheard: Loses = ({ name }) => name === 'Accepted'

/** Two miss all of it. */
const unseenByTwo: Loses = ({ name, to }, others) =>
  ['Accept', 'Learned'].includes(name) && others.slice(-2).includes(to)

const unseenByLast: Loses = ({ name, to }, others) => ['Accept', 'Learned'].includes(name) && to === others.at(-1)

/** A leader that has just died, with so many slots under way between nodes so far apart; a part of an answer holds one. */
function backlog(options: Partial<ScenarioOptions>, distanceMs: number, slots: number, loses: Loses) {
  const s = cluster({ ...options, options: { chunk_bytes: 1, batch: 1, ...options.options } })
  const [dead, ...others] = s.start() as [string, ...string[]]
  s.network.spread(distanceMs)
  s.run(1000)
  s.admits = (passing) => !loses(passing, others)
  for (let key = 0; key < slots; key++) s.submit(dead, `${key}`, true)
  s.run(1500)
  s.process(dead).crash()
  s.admits = () => true
  s.passed.length = 0
  return { s, dead, others }
}

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
      const candidate = new Candidate(99, 0, majority(three).phase1.tally(), 4)
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

  it('a candidate is heard out, however many round trips the others have to tell, and nobody else begins meanwhile', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const { s, others } = backlog({ seed }, 50, 40, unheard)
      const [b, c] = others as [string, string]
      s.until('a leader', () => [b, c].includes(s.leader() ?? ''), 20_000)
      const prepares = s.passed.filter(({ name, from, to }) => name === 'Prepare' && from !== to)
      expect(prepares.length, `seed ${seed}`).toBeGreaterThan(20)
      expect(new Set(prepares.map(({ message }) => message.ballot)).size, `seed ${seed}`).toBeLessThanOrEqual(2)
      s.write(b, 'k')
      s.judge()
    }
  })

  it('two that lag do not take turns in deposing each other while they are told what they have missed', () => {
    for (let seed = 1; seed <= 8; seed++) {
      const { s } = backlog({ nodes: FIVE, seed }, 75, 20, (...of) => unheard(...of) || unseenByTwo(...of))
      s.until(`a leader, seed ${seed}`, () => s.leader() !== null, 10_000)
      const prepares = s.passed.filter(({ name }) => name === 'Prepare')
      expect(new Set(prepares.map(({ message }) => message.ballot)).size, `seed ${seed}`).toBeLessThanOrEqual(4)
      s.judge()
    }
  })

  it('who lags far behind leaves the lead to those who need not be told all of it', () => {
    for (let seed = 1; seed <= 8; seed++) {
      const { s, others } = backlog({ nodes: FIVE, seed }, 75, 40, unseenByTwo)
      s.until(`a leader, seed ${seed}`, () => s.leader() !== null, 2500)
      expect(others.slice(0, 2), `seed ${seed}`).toContain(s.leader())
      s.judge()
    }
  })

  it('who lags far behind leads where it alone reaches a quorum', () => {
    for (let seed = 1; seed <= 8; seed++) {
      const { s, others } = backlog({ nodes: FIVE, seed }, 25, 20, unseenByTwo)
      const hub = others[3]!
      s.keepOnly(others.slice(0, 3).map((name) => [hub, name] as const))
      s.until(`${hub} leads, seed ${seed}`, () => s.leader() === hub, 8000)
      s.write(hub, 'k')
      s.judge()
    }
  })

  it('who is ahead, and is heard by nobody, is not waited for', () => {
    for (let seed = 1; seed <= 8; seed++) {
      const { s, others } = backlog({ seed }, 25, 20, unseenByLast)
      const [ahead, behind] = others as [string, string]
      // It hears all, and asks; what it asks is lost, and so is its campaign. What it is asked it answers.
      s.admits = ({ name, from, to }) => from !== ahead || to === ahead || !['Canvass', 'Prepare'].includes(name)
      s.until(`${behind} leads, seed ${seed}`, () => s.leader() === behind, 8000)
      s.write(behind, 'k')
      s.judge()
    }
  })

  it('whoever dies while votes are told, candidate or teller, the others go on to a leader', () => {
    for (let seed = 1; seed <= 12; seed++) {
      const { s, others } = backlog({ nodes: FIVE, seed }, 75, 30, seed % 2 === 0 ? unheard : unseenByTwo)
      const told = (name: string) => s.passed.filter((passing) => passing.name === 'Prepared' && passing.from === name)
      const heard = (name: string) => s.passed.filter((passing) => passing.name === 'Prepared' && passing.to === name)
      const most = (of: (name: string) => unknown[]) => [...others].sort((a, b) => of(b).length - of(a).length)[0]!
      s.until('much told', () => heard(most(heard)).length > 6 || s.leader() !== null)
      const dead = seed % 4 < 2 ? most(heard) : most(told)
      s.process(dead).crash()
      const agreed = () => others.filter((name) => name !== dead).every((name) => s.replica(name).leader !== null)
      s.until(`a leader without ${dead}, seed ${seed}`, () => s.leader() !== null && agreed(), 9000)
      s.write(s.leader()!, 'k')
      s.judge()
    }
  })

  it('a candidate that is not heard any more, though it hears all, is not waited for', () => {
    for (let seed = 1; seed <= 8; seed++) {
      const { s, others } = backlog({ nodes: FIVE, seed, options: { thrifty: 1 } }, 75, 30, unheard)
      s.until('a candidate', () => others.some((name) => s.replica(name).role === 'candidate'))
      const dumb = others.find((name) => s.replica(name).role === 'candidate')!
      s.admits = ({ from, to }) => from !== dumb || to === dumb
      s.until(
        `another leader, seed ${seed}`,
        () => others.some((name) => name !== dumb && s.replica(name).role === 'leader'),
        12_000,
      )
      s.write(others.find((name) => name !== dumb && s.replica(name).role === 'leader')!, 'k')
      s.judge()
    }
  })

  it('ephemeral leaders far apart, with long answers, get something done', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const { s, others } = backlog({ nodes: FIVE, seed, options: { ephemeral_leader: 1 } }, 75, 20, unseenByTwo)
      for (const name of others) s.write(name, 'k', 20_000)
      s.judge()
    }
  })

  it('a candidate that hears no more gives up, and another one is heard', () => {
    const { s, others } = backlog({}, 50, 20, unheard)
    const [b, c] = others as [string, string]
    const heard = (by: string) => s.passed.filter(({ name, to }) => name === 'Prepared' && to === by).length
    s.until('a candidate that has heard much', () => heard(b) + heard(c) > 10, 20_000)
    const [first, second] = heard(b) > heard(c) ? [b, c] : [c, b]
    // It goes on asking, and hears nothing any more.
    s.admits = ({ name, to, from }) => !(name === 'Prepared' && to === first && from !== first)
    s.until('another leader', () => s.leader() === second, 20_000)
    s.write(second, 'k')
    s.judge()
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

  it('a leader that gets votes does not step down, however late the answers to its heartbeats are', () => {
    const s = cluster()
    const [a] = s.start() as [string, string, string]
    const before = s.replica(a).promised
    s.admits = ({ name }) => name !== 'Heard'
    for (let i = 0; i < 20; i++) {
      s.write(a, 'k')
      s.run(200)
    }
    expect([s.replica(a).role, s.replica(a).promised]).toEqual(['leader', before])
    s.until('stepping down', () => s.replica(a).role === 'follower', 1200)
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
