/** What becomes of requests, and of nodes that restart, with and without their memory. */
import { describe, expect, it } from 'vitest'
import * as messages from './messages.ts'
import { cluster, converge, ending, lead, restart } from './testing/cluster.ts'

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

  it('keep to the bound of bytes under way, which one slot may pass', () => {
    const s = cluster({ options: { batch: 1, pipeline_bytes: 5 } })
    const [a] = s.start() as [string, string, string]
    let most = 0
    s.watch = () => {
      const open = [...s.replica(a).proposer.proposals.values()]
      most = Math.max(
        most,
        open.slice(0, -1).reduce((sum, { bytes }) => sum + bytes, 0),
      )
    }
    const pending = Array.from({ length: 50 }, (_, key) => s.submit(a, `${key}`, true))
    s.until('answers', () => pending.every(({ outcome }) => outcome?.ok))
    expect(most).toBeGreaterThan(0)
    expect(most).toBeLessThan(5)
    s.judge()
  })

  it('that nobody answers are sent again, ever later', () => {
    const s = cluster({ options: { heartbeat_ms: 100 } })
    const [a, b] = s.start() as [string, string, string]
    const sent: number[] = []
    s.admits = ({ name, from, to, message }) => {
      if (name === 'Accept' && from === a && to === b && (message.commands as []).length > 0) sent.push(s.world.now)
      return name !== 'Accepted' || from === a
    }
    s.submit(a, 'k', true)
    s.run(3000)
    const pauses = sent.slice(1).map((at, index) => Math.round((at - sent[index]!) / 100))
    expect(pauses[0]).toBeLessThanOrEqual(2)
    expect(pauses.slice(1, 4)).toEqual([2, 4, 4])
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

  it('a write is one record at each node; that it was executed is noted with the next, or soon', () => {
    const s = cluster({ durable: true })
    const names = s.start()
    const [a] = names as [string, string, string]
    s.run(500)
    const before = names.map((name) => s.process(name).disk.marks.appended)
    s.write(a, 'k')
    s.until('all have executed it', () => names.every((name) => s.replica(name).log.executed === 1))
    expect(names.map((name) => s.process(name).disk.marks.appended)).toEqual(before.map((records) => records + 1))
    s.run(200)
    expect(names.map((name) => s.replica(name).recorded)).toEqual([1, 1, 1])
    expect(names.map((name) => s.process(name).disk.marks.synced)).toEqual(before.map((records) => records + 2))
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
    const s = cluster({ options: { retain_bytes: 2000, chunk_bytes: 16 }, durable: true })
    const [a, b, c] = s.start() as [string, string, string]
    s.process(c).crash()
    for (let i = 0; i < 100; i++) s.write(a, `${i % 7}`)
    s.run(300)
    expect(s.replica(a).log.bytes).toBeLessThanOrEqual(2000)
    expect(s.replica(b).log.bytes).toBeLessThanOrEqual(2000)
    s.passed.length = 0
    s.process(c).boot()
    s.until('the snapshot', () => s.replica(c).log.executed === s.replica(a).log.executed)
    expect(s.passed.some(({ to, name }) => to === c && name === 'Downloaded')).toBe(true)
    restart(s, c)
    converge(s)
    s.judge()
  })
})
