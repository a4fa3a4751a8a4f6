/** What a checkpoint keeps of a replica, and that a node comes back from it as it was. */
import { describe, expect, it } from 'vitest'
import { dumpOf } from './dump.ts'
import type { Paxos } from './paxos.ts'
import type { Piece, Promised, Voted } from './records.ts'
import { cluster, converge, lead, restart } from './testing/cluster.ts'

/** What a replica must not forget. */
function kept({ promised, log, node }: Paxos) {
  const votes = [...log.from(log.executed)].map(({ slot, ballot, commands }) => ({ slot, ballot, commands }))
  return { promised, executed: log.executed, hash: node.store.hash(), votes }
}

/** Brings a new replica to where the records say. */
function recover(replica: Paxos, records: Iterable<object>): void {
  for (const record of records) {
    if (record.constructor.name === 'Promised') replica.recovery.recoverPromised(record as Promised)
    else if (record.constructor.name === 'Piece') replica.recovery.recoverPiece(record as Piece)
    else replica.recovery.recoverVoted(record as Voted)
  }
}

describe('a dump', () => {
  it('brings a new replica to the moment it was made, whatever happened while it was taken', () => {
    const s = cluster({ durable: true })
    const [a, b, c] = s.start() as [string, string, string]
    for (let key = 0; key < 9; key++) s.write(a, `${key}`)
    // Votes that cannot be chosen: the leader alone has them.
    s.cutOff(a)
    s.submit(a, 'open', true)
    s.submit(a, 'open', true)
    s.run(50)
    // Nor does a vote come back at the ballot that was promised since.
    s.act(a, (replica) => replica.election.campaign(replica.promised))
    s.run(1)
    const replica = s.replica(a)
    expect(replica.promised).toBeGreaterThan(Math.max(...kept(replica).votes.map(({ ballot }) => ballot)))
    const before = kept(replica)
    expect(before.votes.length).toBeGreaterThan(0)
    const records = dumpOf(replica)[Symbol.iterator]()
    const taken = [records.next().value as object, records.next().value as object]
    s.network.heal()
    for (let key = 0; key < 9; key++) s.write(b, `${key}`)
    lead(s, c)
    s.write(c, 'more')
    converge(s)
    expect(kept(replica).executed).toBeGreaterThan(before.executed)
    for (let next = records.next(); !next.done; next = records.next()) taken.push(next.value as object)

    const blank = cluster()
    blank.process(a).boot()
    recover(blank.replica(a), taken)
    expect(kept(blank.replica(a))).toEqual(before)
  })
})

describe('a node with a disk', () => {
  it('makes checkpoints as it works, and comes back from the last with what was appended since', () => {
    const s = cluster({ durable: true, nodeOptions: {} })
    const [a, b, c] = s.start() as [string, string, string]
    const checkpoints = () => s.processes.map(({ disk }) => disk.checkpoints)
    for (let count = 0; Math.min(...checkpoints()) < 2; count++) s.write(a, `${count % 20}`)
    for (let count = 0; count < 5; count++) s.write(a, `later ${count}`)
    for (const name of [a, b, c]) restart(s, name)
    s.until('all start with their memory', () => s.processes.every(({ node }) => node?.memory === 'kept'))
    for (const name of [a, b, c]) expect(s.replica(name).log.floor).toBeGreaterThan(100)
    for (let count = 0; count < 5; count++) expect(s.read(b, `later ${count}`)).toMatch(/^v/)
    converge(s)
    s.judge()
  })
})
