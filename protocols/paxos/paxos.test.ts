/** What a new leader of Multi-Paxos must learn. */
import { describe, expect, it } from 'vitest'
import { cluster, commandsOf, converge, ending, FIVE, lead } from './testing/cluster.ts'

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
    const s = cluster({ options: { retain_bytes: 0 } })
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
