/** All rows: what users, strangers and members send, each as often as the player is told. */
import { randomBytes } from 'node:crypto'
import { RawClient } from '../../src/http/testing/raw-client.ts'
import { type Attack, MEMBERS, STRANGERS } from '../e2e/attacks.ts'
import { Stranger } from '../e2e/stranger.ts'
import { ABD_ROWS, type AbsurdRow, NODE_ROWS, PAXOS_ROWS } from './absurd-rows.ts'
import { playRest } from './player.ts'
import { BODY_BYTES, REST_ROWS, type RestRow } from './rest-rows.ts'
import type { Row } from './row.ts'
import type { Stage } from './stage.ts'

/** Refused connections and datagrams. */
const REJECTED = 'synod_rejected_total'
const AT_ONCE_MS = 5000
/** For rows of thousands of requests each: how many at once, and how many repeats one counts for. */
const LARGE = { lanes: 4, weight: 20 }
/** More than a node takes at a time, and fewer. */
const MANY_LANES = 1000
const SOME_LANES = 200

type Send = (bytes: Uint8Array) => Promise<string>

/** The rows that any protocol could be asked, and those of Paxos. */
export function rowsOf(stage: Stage, send: Send): Row[] {
  return [
    ...REST_ROWS.map((row) => restRow(stage, row)),
    ...untaken(stage),
    pipelined(stage),
    ...withoutQuorum(stage),
    ...STRANGERS.map(([name, attack]) => strangerRow(stage, name, attack)),
    ...memberRows(stage),
    ...absurdRows(stage, [...NODE_ROWS, ...PAXOS_ROWS]),
    ...datagramRows(send),
  ]
}

/** The rows of a cluster with ABD. */
export function abdRowsOf(stage: Stage): Row[] {
  return absurdRows(stage, ABD_ROWS)
}

function restRow({ httpPort }: Stage, row: RestRow): Row {
  const { name, statuses, expected = statuses.join(' '), lanes } = row
  return { name: `REST: ${name}`, once: () => playRest(httpPort, row), expected, ...(lanes ? { lanes } : {}) }
}

/** Clients that ask for far more than they take, and go away. */
function untaken(stage: Stage): Row[] {
  return [
    { ...untakenRow(stage, 'a thousand large answers, then gone', 3, BODY_BYTES, 1000), lanes: LARGE.lanes },
    { ...untakenRow(stage, 'twenty thousand small answers, then gone', 4, 1000, 20_000), ...LARGE },
  ]
}

function untakenRow({ httpPort }: Stage, name: string, key: number, length: number, count: number): Row {
  const write = `PUT /${key} HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n${'a'.repeat(length)}`
  // From this node's own state: what is forwarded may be lost on its way.
  const reads = `GET /${key} HTTP/1.1\r\nHost: x\r\nRead: any\r\n\r\n`.repeat(count)
  const send = async (text: string) => {
    const client = new RawClient(httpPort)
    client.send(Buffer.from(text))
    const { status } = await client.response()
    client.socket.resetAndDestroy()
    return `${status}`
  }
  // Written once: the log would keep what each of them writes until the member that is down has it.
  let written: Promise<string> | null = null
  const once = async () => {
    written ??= send(write)
    const status = await written
    return status === '200' ? send(reads) : status
  }
  return { name: `REST: ${name}`, once, expected: '200' }
}

/** As many requests as one read of a connection holds, each of which must be answered. */
function pipelined({ httpPort }: Stage): Row {
  const count = 2000
  const reads = Buffer.from('GET /2 HTTP/1.1\r\nHost: x\r\nRead: any\r\n\r\n'.repeat(count))
  const once = async () => {
    const client = new RawClient(httpPort)
    client.send(reads)
    const statuses = new Set<number>()
    for (let at = 0; at < count; at++) statuses.add((await client.response()).status)
    client.socket.resetAndDestroy()
    return [...statuses].join(' ')
  }
  return { name: 'REST: two thousand small reads at once', once, expected: '200', ...LARGE }
}

/** At first the node may take itself for the leader that it was, and does not know what has become of a write. */
function withoutQuorum({ httpPort }: Stage): Row[] {
  const bytes = Buffer.from('PUT /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na')
  const once = () => playRest(httpPort, { name: '', bytes, statuses: [503] })
  return [
    { name: 'REST: no quorum', once, expected: '503', besides: ['504'], lanes: SOME_LANES, cut: true },
    { name: 'REST: queue full', once, expected: '503 full', besides: ['503', '504'], lanes: MANY_LANES, cut: true },
  ]
}

function strangerRow(stage: Stage, name: string, attack: Attack): Row {
  const once = async () => {
    const stranger = new Stranger(stage.peerPort)
    await stranger.challenge
    const admitted = (await attack(stranger, stage.self)) ?? false
    return admitted ? 'let in' : end(stranger)
  }
  return { name: `stranger: ${name}`, once, expected: 'closed', counter: REJECTED }
}

/** One at a time: a member that comes again takes the place of its connection before. */
function memberRows(stage: Stage): Row[] {
  const rows = MEMBERS.map(([name, bytes]): Row => {
    const once = () => asMember(stage, (member) => member.send(bytes))
    return { name: `member: ${name}`, once, expected: 'closed', lanes: 1, counter: REJECTED }
  })
  const cutOff = (member: Stranger) => {
    member.send(Uint8Array.of(50, 0, 0, 0, 1, 0, 9))
    member.socket.end()
  }
  const once = () => asMember(stage, cutOff)
  return [...rows, { name: 'member: a frame that is cut off', once, expected: 'closed', lanes: 1 }]
}

async function asMember(stage: Stage, act: (member: Stranger) => void): Promise<string> {
  const member = new Stranger(stage.peerPort)
  if (!(await member.introduce(stage.self, '1.1'))) return 'not let in'
  act(member)
  return end(member)
}

/** Without an answer that could be awaited, so the node's own count says how many it has heard. */
function absurdRows(stage: Stage, rows: readonly AbsurdRow[]): Row[] {
  let member: Stranger | null = null
  let count = 0
  return rows.map(({ name, message, frame }) => {
    const once = async () => {
      if (!member || member.socket.destroyed) {
        member = new Stranger(stage.peerPort)
        if (!(await member.introduce(stage.self, '1.1'))) return 'not let in'
      }
      const { socket } = member
      count += 1
      const error = await new Promise((resolve) => socket.write(frame(count, stage.founding), resolve))
      return error ? 'not sent' : 'sent'
    }
    const counter = `synod_messages_received_total{message="${message}"}`
    return { name: `absurd: ${name} (${message})`, once, expected: 'sent', lanes: 1, counter }
  })
}

function datagramRows(send: Send): Row[] {
  const row = (name: string, make: () => Uint8Array): Row => {
    const once = () => send(make())
    return { name: `datagram: ${name}`, once, expected: 'sent', counter: REJECTED, lossy: true }
  }
  return [
    row('random bytes', () => randomBytes(200)),
    row('of a member, forged', () => Buffer.concat([Buffer.from([1, 0]), randomBytes(90)])),
    row('empty', () => Buffer.alloc(0)),
  ]
}

async function end(stranger: Stranger): Promise<string> {
  return (await stranger.endsWithin(AT_ONCE_MS)) ? 'closed' : 'kept'
}
