/** What a node's answer means: the headers it carries, and the error that a status stands for. */
import { type ErrorCode, SynodError } from '../errors.ts'
import type { Reply } from './exchange.ts'

/** What the headers of an answer tell about a command. Nodes leave out what their protocol does not have. */
export interface Meta {
  /** The `Id` header: the request's own, echoed; on `/history` the node's. */
  readonly id: string | null
  /** The command id, echoed. */
  readonly cid: string | null
  readonly slot: number | null
  /** `n.zone.node`. */
  readonly ballot: string | null
  /** The slot up to which the node has executed. */
  readonly execute: number | null
  /** For a read beside the log: whether a newer value may be there already. */
  readonly inProgress: boolean | null
}

/** The value of a header by its lower-case name, or null. */
export function header(reply: Reply, name: string): string | null {
  const { headers } = reply
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const key = headers[i]!
    if (key.length === name.length && key.toString('latin1').toLowerCase() === name)
      return headers[i + 1]!.toString('latin1')
  }
  return null
}

/** Reads the headers of a reply; what is absent or not a number is null. */
export function meta(reply: Reply): Meta {
  const inProgress = header(reply, 'inprogress')
  return {
    id: header(reply, 'id'),
    cid: header(reply, 'cid'),
    slot: integer(header(reply, 'slot')),
    ballot: header(reply, 'ballot'),
    execute: integer(header(reply, 'execute')),
    inProgress: inProgress === null ? null : inProgress === 'true',
  }
}

function integer(text: string | null): number | null {
  if (text === null || !/^-?[0-9]+$/.test(text)) return null
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : null
}

const LONGEST_SENTENCE = 200

/**
 * The error that an answer other than 200 stands for: `malformed` for 4xx (the node will never take it), `conflict`
 * for 409 and `expired` for 410 (the session's), `unsupported` for 404 and 501, `unavailable` or `overloaded` for 503
 * (certainly not applied), `unknown` for 504, `internal` else. A request that got 408 came too slowly: a Synod node has
 * not applied it and never will, but other servers promise nothing of the kind, so it is `unknown`, too.
 */
export function refusal(node: string, reply: Reply): SynodError {
  const said = reply.body.toString('utf8', 0, LONGEST_SENTENCE).trim()
  return new SynodError(code(reply), `node ${node} answered ${reply.status}${said ? `: ${said}` : ''}`)
}

function code(reply: Reply): ErrorCode {
  const { status } = reply
  if (status === 503) return header(reply, 'retry-after') === null ? 'unavailable' : 'overloaded'
  if (status === 504 || status === 408) return 'unknown'
  if (status === 409) return 'conflict'
  if (status === 410) return 'expired'
  if (status === 404 || status === 501) return 'unsupported'
  if (status >= 400 && status < 500) return 'malformed'
  return 'internal'
}

/** The error for no answer: `unavailable` when nothing was sent, else `unknown`. */
export function silence(node: string, sent: boolean, reason: string): SynodError {
  return new SynodError(sent ? 'unknown' : 'unavailable', `node ${node}: ${reason}`)
}
