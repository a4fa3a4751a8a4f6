/** Messages that come late, slowly, or from a peer that talks nonsense. */
import { describe, expect, it } from 'vitest'
import { LEAP } from './log.ts'
import * as messages from './messages.ts'
import { cluster, ending, lead } from './testing/cluster.ts'

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
    const options = { retain_bytes: 1000, heartbeat_ms: 100, election_ms: 1500 }
    const s = cluster({ options, nodeOptions: { requestTimeoutMs: 10_000 } })
    const [a, , c] = s.start() as [string, string, string]
    s.cutOff(c)
    for (let i = 0; i < 50; i++) s.write(a, `${i}`)
    s.run(500)
    // The simulator's pieces are so small that a snapshot takes many round trips.
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
        s.forge(b, to, messages.Canvass, { round: number, executed: number })
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

  it('a candidate hears of far more than it has, part after part, but of no leap beyond', () => {
    const s = cluster()
    const [, b, c] = s.start() as [string, string, string]
    s.admits = ({ name }) => name !== 'Prepared'
    s.act(c, (replica) => replica.election.campaign(replica.promised))
    const { candidate } = s.replica(c).election
    const part = { ballot: candidate!.ballot, more: true, floor: 0 }
    const tell = (from: number, slot: number) =>
      s.forge(b, c, messages.Prepared, { ...part, from, end: slot + 1, votes: [{ ...vote, slot }] })
    let from = candidate!.from
    for (let count = 1; count <= 3; count++) {
      tell(from, from + LEAP)
      from += LEAP + 1
      expect(candidate!.end).toBe(from)
    }
    tell(from, from + LEAP + 1)
    expect(candidate!.end).toBe(from)
  })

  it('whoever leads can fill all slots below the furthest proposal that is believed', () => {
    const s = cluster()
    const [a, b, c] = s.start() as [string, string, string]
    s.write(a, 'k')
    s.process(c).crash()
    const ballot = s.replica(a).node.ballots.next(s.replica(a).promised, s.id(c))
    const { end } = s.replica(b).log
    s.forge(c, b, messages.Accept, { ballot, slot: end + LEAP + 1, committed: 0, commands })
    s.run(1)
    expect(s.replica(b).log.end).toBeLessThan(end + 10)
    s.forge(c, b, messages.Accept, { ballot, slot: end + LEAP, committed: 0, commands })
    s.until('it is believed', () => s.replica(b).log.end > end + LEAP)
    s.until('the slots are filled', () => s.replica(a).log.executed > end + LEAP)
    for (const name of [a, b]) s.write(name, 'k')
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
