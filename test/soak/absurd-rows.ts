/** What a member says that is well formed and cannot be meant: huge numbers, long lists, answers that nobody asked for. */
import * as abd from '../../protocols/abd/messages.ts'
import * as paxos from '../../protocols/paxos/messages.ts'
import { codecOf } from '../../src/codec/compile.ts'
import { FRAME_HEADER, seal } from '../../src/codec/frame.ts'
import type { MessageClass, Module } from '../../src/codec/schema.ts'
import { Op } from '../../src/command.ts'
import * as node from '../../src/node-messages.ts'
import { PROTOCOL_NUMBERS } from '../../src/registry.ts'

/** What is said, and the message's name. */
export interface AbsurdRow {
  readonly name: string
  readonly message: string
  /** The `n`th that is sent, by a member of this founding. */
  readonly frame: (n: number, founding: number) => Uint8Array
}

const HUGE = Number.MAX_SAFE_INTEGER
const NOTHING = new Uint8Array(0)
const JUNK = Buffer.alloc(40, 0xff)
const LONG = 10_000
/** So far are the numbers of one row's requests from those of the next. */
const LONG_AGO = 2 ** 32

/** A ballot, or a tag, as 1.3 issues them. */
const issued = (round: number) => round * 4096 + 2
const OLD = issued(1)
const ABSURD = issued(2 ** 40)
/** Of a member that there is not. */
const NOBODY = 5 * 4096 + 77

const put = { op: Op.put, key: '1', value: Buffer.from('absurd') }
const vote = { slot: HUGE, ballot: ABSURD, chosen: true, commands: [put] }
const forward = { life: HUGE, command: put, read: 0, timeoutMs: 1000 }
const answer = { life: HUGE, id: HUGE, code: 0, reason: '', absent: true, value: NOTHING, version: HUGE }
const announce = { incarnation: 1, founding: 1, challenge: HUGE, echo: HUGE }
const seen = Array<number>(LONG).fill(HUGE)

export const NODE_ROWS: readonly AbsurdRow[] = [
  row('a list longer than the cluster', node, 'Announce', { ...announce, seen }),
  row('huge epochs', node, 'Epoch', (_, founding) => ({ epochs: [HUGE, HUGE, 0], founding, seen: [], asks: false })),
  row('an answer that nobody asked for', node, 'Answer', { ...answer, slot: HUGE, ballot: HUGE }),
  row('a forwarded command of no kind', node, 'Forward', (id) => ({ ...forward, id, command: { ...put, op: 99 } })),
  row('a forwarded command in a session of junk', node, 'Forward', (id) => ({
    ...forward,
    id: LONG_AGO + id,
    command: { ...put, op: Op.inSession, value: JUNK },
  })),
  row('a forwarded read by no path', node, 'Forward', (id) => ({
    ...forward,
    id: 2 * LONG_AGO + id,
    command: { ...put, op: Op.get },
    read: 99,
  })),
]

export const PAXOS_ROWS: readonly AbsurdRow[] = [
  row('a huge slot', paxos, 'Accept', { ballot: OLD, slot: HUGE, committed: 0, commands: [put] }),
  row('a huge ballot', paxos, 'Prepare', { ballot: ABSURD, from: 0 }),
  row('a ballot of nobody', paxos, 'Prepare', { ballot: NOBODY, from: HUGE }),
  row('a refusal by a huge ballot', paxos, 'Refused', { ballot: ABSURD }),
  row('a leader of a huge ballot', paxos, 'Heartbeat', { ballot: ABSURD, committed: HUGE, floor: HUGE }),
  row('commits without end', paxos, 'Commit', { ballot: OLD, committed: HUGE }),
  row('a vote that nobody asked for', paxos, 'Accepted', { ballot: HUGE, slot: HUGE }),
  row('a promise that nobody asked for', paxos, 'Prepared', {
    ballot: ABSURD,
    from: 0,
    end: HUGE,
    more: true,
    floor: HUGE,
    votes: [vote],
  }),
  row('a long list of votes for a huge slot', paxos, 'Learned', {
    floor: 0,
    executed: HUGE,
    votes: Array(100).fill(vote),
  }),
  row('slots that there are not', paxos, 'Learn', { from: HUGE }),
  row('an unknown download', paxos, 'Download', { id: HUGE, piece: HUGE }),
  row('a piece that nobody asked for', paxos, 'Downloaded', { id: HUGE, slot: HUGE, piece: 0, last: true, data: JUNK }),
  row('a poll answered unasked', paxos, 'Canvassed', { round: HUGE, promised: ABSURD, granted: true }),
  row('a survey answered unasked', paxos, 'Surveyed', { round: HUGE, end: HUGE }),
  row('a confirmation unasked', paxos, 'Confirmed', { ballot: HUGE, round: HUGE }),
  row('holes without end', paxos, 'Fill', { end: HUGE }),
  row('a handover by a huge ballot', paxos, 'TakeOver', { ballot: ABSURD }),
]

const store = { life: 1, id: HUGE, key: '1', absent: false, value: Buffer.from('absurd') }

export const ABD_ROWS: readonly AbsurdRow[] = [
  row('a huge tag', abd, 'Store', { ...store, tag: ABSURD }),
  row('a tag of nobody', abd, 'Store', { ...store, tag: NOBODY }),
  row('a value that nobody asked for', abd, 'Queried', { life: 1, id: HUGE, tag: ABSURD, absent: false, value: JUNK }),
  row('an acknowledgement that nobody asked for', abd, 'Stored', { life: 1, id: HUGE }),
  row('a long key that there is not', abd, 'Query', { life: 1, id: HUGE, key: 'q'.repeat(LONG), full: true }),
]

function row(
  name: string,
  module: Module,
  message: string,
  values: object | ((n: number, founding: number) => object),
): AbsurdRow {
  const names = Object.keys(module).filter((one) => (module[one] as Partial<MessageClass>).kind === 'message')
  const number = names.sort().indexOf(message) + (module === node ? 0 : PROTOCOL_NUMBERS)
  const codec = codecOf(module[message] as MessageClass)
  const frame = (n: number, founding: number) => {
    const bytes = codec.encode(typeof values === 'function' ? values(n, founding) : values, FRAME_HEADER)
    return Uint8Array.from(seal(bytes, number, founding))
  }
  return { name, message: module === node ? `node.${message}` : message, frame }
}
