/** Sessions through the log: retries elsewhere, beside, after and instead of the first attempt, and where tables come from. */
import { describe, expect, it } from 'vitest'
import { type Command, inSession, type Outcome, openSession, put, type SessionId } from '#core'
import type { Scenario } from '../../src/sim/scenario.ts'
import { writeOf } from '../../src/sim/writes.ts'
import type { Paxos } from './paxos.ts'
import { cluster, converge, lead, restart } from './testing/cluster.ts'

type Cluster = Scenario<Paxos>

/** What the tests write under `k`: the invariants want to know. */
const VALUES = ['x', 'y', 'z', '1', '2']

/** Asks a node, and does not wait. */
function submit(s: Cluster, name: string, command: Command): Outcome[] {
  const outcomes: Outcome[] = []
  s.clients.keys.add('k')
  for (const value of VALUES) s.clients.issued.add(writeOf('k', value))
  s.process(name).node!.submit(command, '', (outcome) => outcomes.push(outcome))
  return outcomes
}

/** Asks a node until it does not refuse for want of a leader. */
function ask(s: Cluster, name: string, command: Command): Outcome {
  for (;;) {
    const outcomes = submit(s, name, command)
    s.until('an answer', () => outcomes.length > 0)
    const [outcome] = outcomes as [Outcome]
    if (outcome.ok || outcome.code !== 'unavailable') return outcome
    s.run(20)
  }
}

function open(s: Cluster, name: string): SessionId {
  const outcome = ask(s, name, openSession(7))
  if (!outcome.ok) throw new Error(outcome.reason)
  return { number: outcome.result.version, nonce: 7 }
}

function write(session: SessionId, sequence: number, value: string, acknowledged = 0): Command {
  return inSession({ session, sequence, acknowledged }, put('k', new TextEncoder().encode(value)))
}

const version = (s: Cluster, name: string) => s.process(name).store!.get('k').version
const versionOf = (outcome: Outcome | undefined) => (outcome?.ok ? outcome.result.version : outcome?.code)

describe('a retry', () => {
  it('through another node while the first attempt is undecided gets the same answer, and so does the first', () => {
    const s = cluster()
    const [a, b, c] = s.start() as [string, string, string]
    const session = open(s, a)
    s.admits = ({ name }) => name !== 'Accepted'
    const attempts = [b, c, a].map((name) => submit(s, name, write(session, 1, 'x')))
    s.run(30)
    expect(attempts.flat()).toEqual([])
    expect(s.replica(a).proposer.proposals.size).toBeGreaterThan(1)
    s.admits = () => true
    s.until('answers', () => attempts.flat().length === 3)
    expect(attempts.flat().map(versionOf)).toEqual([1, 1, 1])
    converge(s)
    expect(version(s, c)).toBe(1)
  })

  it('in the same batch is executed once', () => {
    const s = cluster()
    const [a, , c] = s.start() as [string, string, string]
    const session = open(s, a)
    const before = s.replica(a).log.end
    const attempts = [1, 1, 2, 1].map((sequence) => submit(s, a, write(session, sequence, `${sequence}`)))
    s.until('answers', () => attempts.flat().length === 4)
    expect(s.replica(a).log.end).toBe(before + 1)
    expect(attempts.flat().map(versionOf)).toEqual([1, 1, 2, 1])
    converge(s)
    expect(version(s, c)).toBe(2)
  })

  it('after the leader was deposed gets the answer of what the next leader took over', () => {
    const s = cluster()
    const [a, b, c] = s.start() as [string, string, string]
    const session = open(s, a)
    // The others vote for the write, and the leader is cut off before it hears so.
    const { end } = s.replica(b).log
    s.admits = ({ name }) => name !== 'Accepted'
    const first = submit(s, a, write(session, 1, 'x'))
    s.until('votes', () => s.replica(b).log.end > end && s.replica(c).log.end > end)
    s.cutOff(a)
    s.admits = () => true
    lead(s, b)
    s.until('the write', () => version(s, b) === 1)
    expect(versionOf(ask(s, c, write(session, 1, 'x')))).toBe(1)
    s.network.heal()
    s.until('an answer', () => first.length > 0)
    expect(versionOf(first[0])).toBe('unknown')
    converge(s)
    expect(version(s, a)).toBe(1)
  })

  it('may be answered and acknowledged before its first attempt arrives: that one then does nothing', () => {
    const s = cluster()
    const [a, b, c] = s.start() as [string, string, string]
    const session = open(s, a)
    expect(versionOf(ask(s, c, write(session, 1, 'x')))).toBe(1)
    expect(versionOf(ask(s, c, write(session, 2, 'y', 1)))).toBe(2)
    expect(versionOf(ask(s, b, write(session, 1, 'x')))).toBe('conflict')
    converge(s)
    expect(version(s, b)).toBe(2)
  })
})

describe('the table', () => {
  it('comes with the snapshot to a node that was away', () => {
    const s = cluster({ options: { retain_bytes: 0 } })
    const [a, b, c] = s.start() as [string, string, string]
    const session = open(s, a)
    ask(s, a, write(session, 1, 'x'))
    s.cutOff(c)
    for (let i = 0; i < 20; i++) s.write(a, 'k')
    s.run(500)
    restart(s, c)
    s.network.heal()
    s.until('a snapshot', () => s.passed.some(({ name, to }) => name === 'Downloaded' && to === c))
    converge(s)
    s.until(`${c} votes`, () => s.replica(c).voting)
    lead(s, c)
    expect(versionOf(ask(s, b, write(session, 1, 'x')))).toBe(1)
    expect(versionOf(ask(s, b, write(session, 1, 'y')))).toBe('conflict')
  })

  it('comes back from the disk of all nodes', () => {
    const s = cluster({ durable: true, options: { retain_bytes: 0 } })
    const [a, b, c] = s.start() as [string, string, string]
    const session = open(s, a)
    ask(s, a, write(session, 1, 'x'))
    s.write(a, 'k')
    s.run(200)
    for (const name of [a, b, c]) restart(s, name)
    expect(versionOf(ask(s, b, write(session, 1, 'x')))).toBe(1)
    expect(open(s, b).number).toBe(session.number + 1)
    converge(s)
  })

  it('evicts at one position of the log, the same on all nodes', () => {
    const s = cluster({ nodeOptions: { maxSessions: 2 } })
    const [a, b] = s.start() as [string, string, string]
    const sessions = [open(s, a), open(s, b)] as [SessionId, SessionId]
    ask(s, a, write(sessions[0], 1, 'x'))
    const pending = [
      submit(s, a, write(sessions[1], 1, 'y')),
      submit(s, a, openSession(8)),
      submit(s, a, write(sessions[0], 2, 'z')),
    ]
    s.until('answers', () => pending.flat().length === 3)
    expect(pending.flat().map(versionOf)).toEqual([2, 3, 'expired'])
    converge(s)
    expect(versionOf(ask(s, b, write(sessions[1], 1, 'y')))).toBe(2)
    expect(versionOf(ask(s, b, write(sessions[0], 1, 'x')))).toBe('expired')
  })
})
