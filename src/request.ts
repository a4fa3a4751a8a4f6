/**
 * A client's request at a node, from arrival to its one answer.
 *
 *     waiting ── take ──> taken ── answer ──> answered
 *        └──────────── answer ──────────────────^
 *
 * A waiting request was shown to nobody, so refusing it is definite. A taken one was proposed or forwarded, so without
 * an answer its outcome is unknown. An answered one is never proposed: `take` says no.
 */
import type { Command } from './command.ts'
import type { RefusalCode } from './errors.ts'
import type { Log } from './seams.ts'

/** The read path that a client asks for; empty reads go through the log. */
export type ReadMode = '' | 'leader' | 'quorum' | 'any'

/** What a command did. */
export interface Result {
  /**
   * For a read the value, null when the key is absent. For a write the previous one; null when the key was absent or
   * the protocol has no order of all writes.
   */
  readonly value: Uint8Array | null
  /** How often the key has been written, this command included; for registers the tag of what was read or written. */
  readonly version: number
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

/** How urgently an output leaves: `urgent` does not wait for this node's unsynced records, see `Node`. */
export type Urgency = 'urgent' | 'committed'

/** See the file's head. Made by `Node`, seen by replicas. */
export class Request {
  readonly command: Command
  readonly read: ReadMode
  /** When the client stops waiting, in the node's milliseconds. */
  readonly deadline: number
  /** Whether another node sent it here: such a request is not sent on. */
  readonly forwarded: boolean
  state: 'waiting' | 'taken' | 'answered' = 'waiting'
  readonly #respond: (outcome: Outcome, urgency: Urgency) => void

  constructor(
    command: Command,
    read: ReadMode,
    deadline: number,
    forwarded: boolean,
    respond: (outcome: Outcome, urgency: Urgency) => void,
  ) {
    this.command = command
    this.read = read
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
