/** What a node is made of, and its bounds. */
import type { Clock, Log, Random, Storage, Transport } from './seams.ts'
import { MOST_SESSIONS } from './store/sessions.ts'
import type { StateMachine } from './store/state-machine.ts'

/** What a node is made of. */
export interface Parts {
  readonly transport: Transport
  readonly clock: Clock
  readonly random: Random
  readonly storage: Storage
  readonly stateMachine: StateMachine
  readonly log: Log
  /** Called once when a handler throws or recovery fails: the node has stopped, since its state may be wrong. */
  readonly onFailure: (error: unknown) => void
}

/** The bounds of a node. */
export interface NodeOptions {
  /** How long a request waits for its answer. */
  readonly requestTimeoutMs: number
  /** How many requests of clients may be open at once, and as many from each peer. */
  readonly maxRequests: number
  /** The longest key and value of a request, together: what cannot be sent on in one frame must not get into a log. */
  readonly maxCommandBytes: number
  /** How many events may wait; messages beyond are dropped, as a network would. */
  readonly maxInbox: number
  /** How many bytes of messages, but for heartbeats, may wait likewise; a longer one is taken where none waits. */
  readonly maxInboxBytes: number
  /** How many bytes of records, and of outputs that rest on them, may wait for the disk; beyond, nothing new is handled until it has caught up. */
  readonly maxUnsyncedBytes: number
  /** How many sessions are known at once; replicated state depends on it, so all nodes must have the same. */
  readonly maxSessions: number
  /** Start with a majority where not all are there: the operator vouches that this is a new cluster. */
  readonly bootstrap: boolean
  /** How often a node with a disk begins another epoch; 0 for never: then it does not ask whether its disk is the newest. */
  readonly epochMs: number
  /** How long a node that comes back from its disk waits for all others to say whether it is the newest; then for a majority. */
  readonly compareMs: number
}

/** The bounds of a node that is told no others. */
export const NODE_DEFAULTS: NodeOptions = {
  requestTimeoutMs: 2000,
  maxRequests: 1024,
  maxCommandBytes: 8_388_608,
  maxInbox: 65_536,
  maxInboxBytes: 134_217_728,
  maxUnsyncedBytes: 67_108_864,
  maxSessions: MOST_SESSIONS,
  bootstrap: false,
  epochMs: 1000,
  compareMs: 1000,
}
