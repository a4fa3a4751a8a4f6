/**
 * A client's request at a node, from arrival to its one answer.
 *
 *     waiting ── take ──> taken ── answer ──> answered
 *        │ ^── release ─────┘                    ^
 *        └──────────── answer ───────────────────┘
 *
 * A waiting request was shown to nobody, so refusing it is definite. A taken one was proposed or forwarded, so without
 * an answer its outcome is unknown; unless what was to show it has certainly not left: then it is released. An answered
 * one is never proposed: `take` says no.
 */
import type { Command } from './command.ts'
import type { RefusalCode } from './errors.ts'
import type { Log } from './seams.ts'

/**
 * The read path that a client asks for; empty is the protocol's own, where there is a log through that. All others are
 * beside the log: from the store of the leader once a quorum has confirmed it, from that of the node asked once it has
 * executed all that a quorum has voted for, or from that of the node asked as it is, stale as it may be.
 */
export type ReadMode = '' | 'leader' | 'quorum' | 'any'

/** All read paths; their places are their numbers on the wire. */
export const READ_MODES: readonly ReadMode[] = ['', 'leader', 'quorum', 'any']

/**
 * What a client has told of a request besides the command: the headers with which it came to the first node, by their names
 * in lower case. A value has one character per byte; those of a header that was repeated are joined, as a rule by a comma.
 */
export type Properties = ReadonlyMap<string, string>

/** Those of a request that came without. */
export const NO_PROPERTIES: Properties = new Map()

/** What is asked of a node. */
export interface Asked {
  readonly command: Command
  readonly read: ReadMode
  readonly properties: Properties
}

/**
 * What became of an executed command. It is part of the state machine's deterministic output.
 *
 * `done`: it did what it says. `absent`: a delete found nothing. `mismatch`: the key was not as a compare-and-set
 * expected it. The others are said of sessions, and become refusals: `expired`, the session is not known (any more);
 * `reused`, the sequence belongs to another command; `outside`, the sequence is outside the session's window; `full`, the
 * session keeps as many bytes of answers as it may. Whatever is not `done` has changed no key.
 */
export type Effect = 'done' | 'absent' | 'mismatch' | SessionRefusal

/** What a session refuses a command with. */
export type SessionRefusal = 'expired' | 'reused' | 'outside' | 'full'

/** What a command did. */
export interface Result {
  /**
   * For a read the value, null when the key is absent; so too for a compare-and-set that found another version. For a
   * write the previous one; null when the key was absent or the protocol has no order of all writes.
   */
  readonly value: Uint8Array | null
  /**
   * How often the key has been written, this command included; for registers the tag of what was read or written; for
   * the opening of a session its number.
   */
  readonly version: number
  readonly effect: Effect
}

/** Where a command was decided, for protocols that have slots and ballots. */
export interface Position {
  readonly slot: number
  readonly ballot: number
}

/** The one answer of a request. */
export type Outcome =
  | { readonly ok: true; readonly result: Result; readonly position: Position | null }
  | { readonly ok: false; readonly code: RefusalCode; readonly reason: string }

/** How the refusals of sessions are told to clients. */
const SESSION_REFUSALS: Readonly<Record<SessionRefusal, { readonly code: RefusalCode; readonly reason: string }>> = {
  expired: { code: 'expired', reason: 'the session is not known (any more); earlier attempts stay unknown' },
  reused: { code: 'conflict', reason: 'the session has used this sequence for another command' },
  outside: {
    code: 'conflict',
    reason:
      'the sequence was acknowledged before, or too many below it are not: it is outside the window of the session',
  },
  full: {
    code: 'overloaded',
    reason: 'the session keeps too many bytes of answers: more writes are taken once some are acknowledged',
  },
}

/** The outcome of an executed command. */
export function outcomeOf(result: Result, position: Position | null): Outcome {
  const { effect } = result
  if (effect === 'done' || effect === 'absent' || effect === 'mismatch') return { ok: true, result, position }
  const { code, reason } = SESSION_REFUSALS[effect]
  return { ok: false, code, reason }
}

/** How urgently an output leaves: `urgent` does not wait for this node's unsynced records, see `Node`. */
export type Urgency = 'urgent' | 'committed'

/** Takes a request's one answer. */
export type Respond = (outcome: Outcome, urgency: Urgency) => void

/**
 * A client's request at a node, from arrival to its one answer. Made by `Node`, seen by replicas, which answer it by
 * `Node.reply`, `refuse` or `forward`; `take` comes before any message that shows it to another node.
 */
export class Request {
  readonly command: Command
  readonly read: ReadMode
  /** When the client stops waiting, in the node's milliseconds. */
  readonly deadline: number
  /** Whether another node sent it here: such a request is not sent on. */
  readonly forwarded: boolean
  /**
   * The headers that its client sent along, also where it was forwarded; see `Properties`. Empty unless the protocol is
   * declared with `properties`, and for requests that came by no HTTP, as in the simulator.
   */
  readonly properties: Properties
  state: 'waiting' | 'taken' | 'answered' = 'waiting'
  readonly #respond: Respond

  constructor({ command, read, properties }: Asked, deadline: number, forwarded: boolean, respond: Respond) {
    this.command = command
    this.read = read
    this.properties = properties
    this.deadline = deadline
    this.forwarded = forwarded
    this.#respond = respond
  }

  /** Claims a waiting request before any message shows it to another node; false when that is too late. */
  take(): boolean {
    if (this.state !== 'waiting') return false
    this.state = 'taken'
    return true
  }

  /** Takes the claim back, of a request that nobody has been shown after all. */
  release(): void {
    if (this.state === 'taken') this.state = 'waiting'
  }

  /** Answers with what is true while there is no answer, so without any record; `when` says until when there was none. */
  lapse(when: string): void {
    const unknown = `no answer ${when}; the request may have been applied`
    if (this.state === 'waiting')
      this.answer({ ok: false, code: 'unavailable', reason: `no leader or no quorum ${when}` }, 'urgent')
    else this.answer({ ok: false, code: 'unknown', reason: unknown }, 'urgent')
  }

  /** Gives the answer, once; later answers are ignored. */
  answer(outcome: Outcome, urgency: Urgency): void {
    if (this.state === 'answered') return
    this.state = 'answered'
    this.#respond(outcome, urgency)
  }
}

/** Answers a client. Its side that throws is no defect of the node, and costs no other client its answer. */
export function tell(respond: (outcome: Outcome) => void, outcome: Outcome, log: Log): void {
  try {
    respond(outcome)
  } catch (error) {
    log.error('answer not taken', { error: String(error) })
  }
}
