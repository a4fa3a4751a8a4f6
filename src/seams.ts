/**
 * The seams between a node and its world. The real world, one process and the simulator each bring their own parts;
 * the node and the protocols are the same in all. Faults are wrappers around these parts.
 */
import type { NodeId } from './node-id.ts'

/**
 * Carries frames to peers. Frames may be lost, reordered or repeated; whole frames only, and never altered. What was sent
 * to one life of a node never reaches a later one, and once a node has been heard in a new life, nothing that it sent in
 * an earlier one arrives any more: a connection per life sees to that.
 */
export interface Transport {
  /**
   * Sends whole frames to a peer in one write; drops them when it cannot be reached. Never blocks. False when certainly
   * none of them has left or will: nobody can have seen them.
   */
  send(to: NodeId, frames: readonly Uint8Array[]): boolean
  /** Called when a peer sent bytes that are no message: the connection they came by is closed. */
  reject(from: NodeId, reason: string): void
  /** Calls `lost` when a connection by which a peer has sent is gone, where there are connections: it may have died. */
  watch?(lost: (peer: NodeId) => void): void
}

/** What a transport calls when frames arrive: `from` is the peer that the connection authenticated. */
export type Receive = (from: NodeId, frame: Uint8Array) => void

/** A pending call of a clock. */
export type Alarm = object

/** A pending timer of a node, from `setTimer`. */
export interface Timer {
  /** Null once it has rung or was cancelled. */
  alarm: Alarm | null
}

/** A node's time, real or virtual; nothing else may measure any. */
export interface Clock {
  /** Milliseconds since some moment in the past; never goes back within one life of the node. */
  now(): number
  /** Calls `ring` once after `delayMs`. */
  setAlarm(delayMs: number, ring: () => void): Alarm
  clearAlarm(alarm: Alarm): void
  /** Calls `run` soon, after the input that is at hand has been taken in. */
  soon(run: () => void): void
}

/** A node's only source of chance: the system's, or drawn from the simulator's seed. */
export interface Random {
  /** An integer in [0, bound), bound from 1 to 2^32. */
  below(bound: number): number
}

/** A record as the log keeps it: the number of its class and its encoded values. */
export interface StoredRecord {
  readonly number: number
  readonly payload: Uint8Array
}

/**
 * A class of records. Its number changes when a protocol gets another class; its name and the shape of its fields say
 * what a record on disk is.
 */
export interface RecordKind {
  readonly number: number
  readonly name: string
  readonly shape: string
}

/**
 * The log on disk, or its absence.
 *
 * A crash leaves a prefix of what was appended, with all in it that a sync has ended for. More is not promised: of the
 * records of one turn some may be left and the later ones not, so each prefix must be a state that a node may be in. The
 * server's disk does better where they are not long, for then they come back together or not at all; the simulator's cuts
 * anywhere, and so nothing may rest on that.
 */
export interface Storage {
  /** Whether records outlive the process. If not, `append` is never called and everything counts as synced. */
  readonly durable: boolean
  /**
   * A random number that names this memory: kept as long as the records are, new when they are gone. By it peers tell
   * a node that came back with its memory from one that forgot.
   */
  readonly incarnation: number
  /**
   * Whether an earlier memory of this node is known to be lost: unless its records say more, it must not act as a new
   * one.
   */
  readonly forgot: boolean
  /**
   * What was on disk at the start, in order. Called once, before anything is appended.
   * @param kinds the classes of all records that this program reads and writes
   * @throws SynodError, while the records are taken, when one is of a class that is not among `kinds`
   */
  recover(kinds: readonly RecordKind[]): Iterable<StoredRecord>
  /** Adds a record behind all others; it is durable after the next sync. */
  append(record: StoredRecord): void
  /**
   * Makes all appended records durable, then calls `done`; calls `failed` when it cannot, and the node stops: after a
   * failed sync nobody knows what is on disk. A node has at most one sync in flight.
   */
  sync(done: () => void, failed: (error: unknown) => void): void
  /** Whether the log has become so long that a checkpoint is worth its while. */
  readonly checkpointDue: boolean
  /**
   * Puts `records` in the place of all that was appended so far, and makes both that and them durable; then calls
   * `done`, or `failed`, after which the node stops. The records are taken in pieces, between turns of the node, which
   * appends and syncs meanwhile. A crash leaves the one or the other. One checkpoint at a time.
   */
  checkpoint(records: Iterator<StoredRecord>, done: () => void, failed: (error: unknown) => void): void
}

/** Structured logging: one line an event. */
export interface Log {
  debug(event: string, fields?: Readonly<Record<string, unknown>>): void
  info(event: string, fields?: Readonly<Record<string, unknown>>): void
  warn(event: string, fields?: Readonly<Record<string, unknown>>): void
  error(event: string, fields?: Readonly<Record<string, unknown>>): void
}

/** A log that keeps nothing. */
export const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} }
