/** Snapshots on their way to a laggard: what becomes of them when their source, or the laggard itself, dies half way. */
import { expect, it, vi } from 'vitest'
import { Recovery } from './recovery.ts'
import { cluster, FIVE, restart } from './testing/cluster.ts'

it('a laggard whose source dies for good fetches its snapshot from the next leader, and soon', () => {
  const s = cluster({ nodes: FIVE, durable: true, options: { retain_bytes: 0 } })
  const [a, , c] = s.start() as [string, string, string]
  s.cutOff(c)
  for (let key = 0; key < 12; key++) s.write(a, `${key}`)
  s.run(500)
  s.admits = ({ name }) => name !== 'Downloaded'
  s.network.heal()
  s.until('a download', () => s.replica(c).catchUp.incoming !== null)
  s.process(a).crash()
  let vain = 0
  s.admits = ({ name, to }) => {
    if (name === 'Download' && to === a) vain += 1
    return true
  }
  s.until('the snapshot', () => s.replica(c).log.executed >= 12)
  expect(vain).toBeLessThan(3)
})

it.each([0, 1])('under steady load one snapshot is enough (thrifty %d)', (thrifty) => {
  const s = cluster({ durable: true, options: { retain_bytes: 20_000, thrifty } })
  const [a, , c] = s.start() as [string, string, string]
  s.cutOff(c)
  for (let key = 0; key < 400; key++) s.write(a, `${key}`)
  s.run(500)
  s.network.heal()
  const downloads = new Set<unknown>()
  s.admits = ({ name, message }) => {
    if (name === 'Download') downloads.add(message.id)
    return true
  }
  const lag = () => s.replica(a).log.executed - s.replica(c).log.executed
  for (let write = 0; write < 800; write++) {
    s.submit(a, `${write}`, true)
    s.run(5)
  }
  expect(lag()).toBeLessThan(100)
  expect(downloads.size).toBe(1)
  s.run(40_000)
  expect(s.replica(a).catchUp.uploads.bytes).toBe(0)
})

it.each([
  ['one in each slot', { batch: 1 }],
  ['many in a slot', { batch: 512 }],
])('answers with short commands, %s, are no longer than told', (_, options) => {
  const chunk = 4000
  const batch = 1000
  const s = cluster({ durable: true, options: { ...options, chunk_bytes: chunk, batch_bytes: batch } })
  const [a, , c] = s.start() as [string, string, string]
  s.cutOff(c)
  for (let round = 0; round < 20; round++) {
    for (let key = 0; key < 30; key++) s.submit(a, 'k', true)
    s.run(20)
  }
  s.network.heal()
  let longest = 0
  s.admits = ({ name, bytes }) => {
    if (name === 'Learned') longest = Math.max(longest, bytes)
    return true
  }
  s.until('the last slot', () => s.replica(c).log.executed === s.replica(a).log.executed)
  expect(longest).toBeGreaterThan(chunk / 4)
  expect(longest).toBeLessThan(chunk + batch)
})

it('with thrifty, who is sent no proposals learns once a heartbeat, however steadily others write', () => {
  const s = cluster({ durable: true, options: { thrifty: 1 } })
  const [a] = s.start() as [string, string, string]
  s.run(500)
  const { proposer, options, node } = s.replica(a)
  const c = node.cluster.members.find((member) => !proposer.targets.includes(member))!.name
  let learned = 0
  s.admits = ({ name, to }) => {
    if (name === 'Learned' && to === c) learned += 1
    return true
  }
  const HEARTBEATS = 40
  const perHeartbeat = 5
  for (let write = 0; write < HEARTBEATS * perHeartbeat; write++) {
    s.submit(a, `${write}`, true)
    s.run(options.heartbeat_ms / perHeartbeat)
  }
  expect(s.replica(a).log.executed - s.replica(c).log.executed).toBeLessThanOrEqual(2 * perHeartbeat)
  expect(learned).toBeGreaterThan(HEARTBEATS * 0.8)
  expect(learned).toBeLessThan(HEARTBEATS * 1.2)
})

it('what is left of an install that a crash cut short is dropped when the next one comes back from the disk', () => {
  const s = cluster({ durable: true, options: { retain_bytes: 0 } })
  const [a, , c] = s.start() as [string, string, string]
  s.run(300)
  s.cutOff(c)
  for (let key = 0; key < 12; key++) s.write(a, `${key}`)
  s.run(500)
  s.network.heal()
  let torn = false
  s.watch = () => {
    const { replica, disk } = s.process(c)
    if (torn || !replica || s.replica(c).log.floor === 0) return
    const { appended, synced } = disk.marks
    if (appended - synced < 3) return
    torn = true
    s.process(c).crash(2)
  }
  s.until('an install', () => torn)
  const caughtUp = () => s.until('the snapshot', () => s.replica(c).log.executed >= 12)
  const recovered = vi.spyOn(Recovery.prototype, 'recoverPiece')
  s.process(c).boot()
  s.until('what is left of it', () => recovered.mock.calls.length > 0)
  expect(recovered.mock.calls.some(([{ last }]) => last)).toBe(false)
  recovered.mockRestore()
  caughtUp()
  expect(s.replica(c).recovery.pieces).toEqual([])
  s.run(300)
  s.process(c).crash()
  s.process(c).boot()
  caughtUp()
  expect(s.process(c).failure).toBeNull()
})

it('what is learned at a ballot above the promise is promised, and that first, so a crash never keeps the vote alone', () => {
  for (const kept of [0, 1, 2, 3]) {
    const s = cluster({ durable: true })
    const [a, , c] = s.start() as [string, string, string]
    s.write(a, 'x')
    s.run(300)
    s.cutOff(c)
    const source = s.process(a).id
    const { node, promised, log } = s.replica(c)
    const ballot = node.ballots.next(promised, source)
    const votes = [{ slot: log.end, ballot, chosen: true, commands: [] }]
    s.act(c, ({ catchUp }) => {
      catchUp.onLearned({ floor: 0, executed: log.end + 1, votes }, source)
      const { disk } = s.process(c)
      s.process(c).crash(Math.min(kept, disk.marks.appended - disk.marks.synced))
    })
    s.process(c).boot()
    s.until('recovery', () => s.process(c).node?.memory === 'kept')
    const back = s.replica(c)
    const highest = Math.max(...[...back.log.from(0)].map((entry) => entry.ballot))
    expect([kept, back.promised >= highest]).toEqual([kept, true])
  }
})

it.each([false, true])(
  'who has forgotten votes again also where answers take longer than a heartbeat (disks: %s)',
  (durable) => {
    const s = cluster({ durable })
    const [a, , c] = s.start() as [string, string, string]
    const { members } = s.cluster
    for (const from of members) for (const to of members) if (from !== to) s.network.slow(from, to, 75)
    s.write(a, 'x')
    s.process(c).crash()
    s.process(c).disk.wipe()
    s.run(100)
    s.process(c).boot()
    s.until('the fence', () => s.process(c).replica?.status().voting === true && s.replica(c).log.executed >= 1)
  },
)

it('who has forgotten notes what the others voted for, and only then that it has its memory back', () => {
  const s = cluster({ durable: true })
  const [, , c] = s.start() as [string, string, string]
  s.run(300)
  const { disk } = s.process(c)
  const before = disk.records.length
  let numbers: number[] = []
  s.act(c, (paxos) => {
    const { node, promised, log } = paxos
    const slots = [log.end, log.end + 1]
    const votes = new Map(slots.map((slot) => [slot, { slot, ballot: promised, chosen: false, commands: [] }]))
    paxos.voting = false
    paxos.promise(node.ballots.next(promised, node.id))
    paxos.lead({ votes, end: log.end + 2 } as never)
    numbers = disk.records.slice(before).map(({ number }) => number)
    // It did not win that ballot: nobody shall see it lead.
    s.process(c).crash(0)
  })
  // A crash keeps any prefix: the node's own record, whose numbers are below 16, is the last.
  expect(numbers.length).toBeGreaterThanOrEqual(4)
  expect(numbers.findIndex((number) => number < 16)).toBe(numbers.length - 1)
})

it('a source that has forgotten what it was sending is asked for all of it anew, though nobody writes', () => {
  const s = cluster({ durable: true, options: { retain_bytes: 0 } })
  const [a, , c] = s.start() as [string, string, string]
  s.run(300)
  s.cutOff(c)
  for (let key = 0; key < 12; key++) s.write(a, `${key}`)
  s.run(2000)
  s.admits = ({ name, to, message }) => name !== 'Downloaded' || to !== c || (message.piece as number) < 2
  s.network.heal()
  s.until('two pieces', () => (s.replica(c).catchUp.incoming?.pieces.length ?? 0) === 2)
  restart(s, s.replica(c).catchUp.incoming!.source.name)
  s.admits = () => true
  s.until('the snapshot', () => s.replica(c).log.executed >= 12, 20_000)
})
