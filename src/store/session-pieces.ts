/**
 * The session table in a snapshot: pieces that stand before those of the state machine. Each has the table's counts and
 * its hash, so pieces of two tables never mix, and what was read is checked as a whole.
 */
import { codecOf } from '../codec/compile.ts'
import { bool, bytes, list, string, struct, uint32, uint53 } from '../codec/schema.ts'
import { SynodError } from '../errors.ts'
import type { Effect } from '../request.ts'
import { type Kept, Session } from './session.ts'
import type { Sessions } from './sessions.ts'

/** About how long a piece should be; one answer that is longer makes a longer piece. */
const PIECE_BYTES = 256 * 1024

/** About what a session or an answer takes beside its value. */
const OVERHEAD = 60

class SessionHead extends struct({ number: uint53, nonce: uint32, acknowledged: uint53, usedAt: uint53 }) {}

class SessionReply extends struct({
  session: uint53,
  sequence: uint53,
  fingerprint: uint53,
  effect: string,
  absent: bool,
  value: bytes,
  version: uint53,
}) {}

/** A reply stands in the piece of its session's head or behind it. */
class SessionPiece extends struct({
  piece: uint32,
  last: bool,
  opened: uint53,
  floor: uint53,
  executions: uint53,
  hash: uint53,
  heads: list(SessionHead),
  replies: list(SessionReply),
}) {}

const codec = codecOf(SessionPiece)
const EMPTY = new Uint8Array(0)
const EFFECTS: readonly string[] = ['done', 'absent', 'mismatch'] satisfies Effect[]

/** The table at this moment, as pieces that are made while they are taken. At least one, also where it is empty. */
export function sessionPieces(sessions: Sessions, pieceBytes = PIECE_BYTES): Generator<Uint8Array, undefined> {
  const { opened, floor, executions } = sessions
  const frozen = [...sessions.all].map((session) => {
    const { number, nonce, acknowledged, usedAt } = session
    return { head: { number, nonce, acknowledged, usedAt }, kept: [...session.kept] }
  })
  return written({ opened, floor, executions, hash: sessions.hash() }, frozen, pieceBytes)
}

/**
 * Takes a table's pieces, and not one more, into `sessions`, which is empty.
 * @throws SynodError `malformed` when they are no complete, undamaged table
 */
export function readSessions(pieces: Iterator<Uint8Array>, sessions: Sessions): Sessions {
  let hash = -1
  for (let piece = 0; ; piece++) {
    const next = pieces.next()
    if (next.done) throw damaged('not complete')
    const read = codec.decode(next.value)
    if (piece === 0) hash = read.hash
    if (read.piece !== piece || read.hash !== hash) throw damaged('not in order or not of one table')
    for (const head of read.heads) sessions.add(sessionOf(head))
    for (const reply of read.replies) addReply(sessions, reply)
    if (!read.last) continue
    sessions.opened = read.opened
    sessions.floor = read.floor
    sessions.executions = read.executions
    if (sessions.hash() !== read.hash) throw damaged('not what they were taken of')
    return sessions
  }
}

interface Counts {
  readonly opened: number
  readonly floor: number
  readonly executions: number
  readonly hash: number
}

interface Frozen {
  readonly head: SessionHead
  readonly kept: readonly Kept[]
}

function* written(counts: Counts, frozen: readonly Frozen[], limit: number): Generator<Uint8Array, undefined> {
  let piece = 0
  let size = 0
  let heads: SessionHead[] = []
  let replies: SessionReply[] = []
  const finish = (last: boolean) => codec.encode({ piece: piece++, last, ...counts, heads, replies }, 0)
  for (const { head, kept } of frozen) {
    heads.push(head)
    size += OVERHEAD
    for (const entry of kept) {
      const reply = replyOf(head.number, entry)
      const more = OVERHEAD + reply.value.length
      if (size + more > limit && size > 0) {
        yield finish(false)
        size = 0
        heads = []
        replies = []
      }
      replies.push(reply)
      size += more
    }
  }
  yield finish(true)
}

function replyOf(session: number, { sequence, fingerprint, result }: Kept): SessionReply {
  const { effect, value, version } = result
  return { session, sequence, fingerprint, effect, absent: value === null, value: value ?? EMPTY, version }
}

function sessionOf({ number, nonce, acknowledged, usedAt }: SessionHead): Session {
  const session = new Session(number, nonce, usedAt)
  session.acknowledge(acknowledged)
  return session
}

function addReply(sessions: Sessions, m: SessionReply): void {
  const { session: number, sequence, fingerprint, effect, absent, version } = m
  const session = sessions.at(number)
  if (!session || !EFFECTS.includes(effect)) throw damaged('no answers of sessions')
  // A copy: what was decoded is a view on the piece.
  const value = absent ? null : new Uint8Array(m.value)
  sessions.restore(session, { sequence, fingerprint, result: { value, version, effect: effect as Effect } })
}

function damaged(how: string): SynodError {
  return new SynodError('malformed', `the pieces of the session table are ${how}`)
}
