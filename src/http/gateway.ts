/** What the REST front needs of the node behind it, so that it can be built and tested without one. */
import type { Ballots } from '../ballots.ts'
import type { Command } from '../command.ts'
import type { Cluster, NodeId } from '../node-id.ts'
import type { Outcome, Properties, ReadMode } from '../request.ts'

/** The names of the faults, for healing one of them. */
export const FAULT_NAMES = ['crash', 'drop', 'slow', 'flaky', 'partition'] as const

/** One of `FAULT_NAMES`. */
export type FaultName = (typeof FAULT_NAMES)[number]

/**
 * Faults that a client may inject. Each lasts for `seconds`, a whole number, and for ever when it is 0 or less; it begins
 * anew when it is asked for again on the same target, and leaves all others alone.
 */
export interface Faults {
  /** The node neither sends nor receives; its memory and its HTTP stay. */
  crash(seconds: number): void
  /** What the node sends to `id` is dropped. */
  drop(id: NodeId, seconds: number): void
  /** What the node sends to `id` leaves so much later. */
  slow(id: NodeId, delayMs: number, seconds: number): void
  /** Each message that the node sends to `id` is lost by this chance, 0 to 1. */
  flaky(id: NodeId, chance: number, seconds: number): void
  /** Nothing passes between the node and those on the other side, both ways. `ids` is one of the sides. */
  partition(ids: readonly NodeId[], seconds: number): void
  /** Ends all faults, those of one name, or those on one target: a node, or either side of a partition. A line for each. */
  heal(name?: FaultName, target?: NodeId | readonly NodeId[]): string[]
}

/** One node, seen from its HTTP side. */
export interface Gateway {
  readonly id: NodeId
  readonly cluster: Cluster
  /** What the protocol can do beside reading and writing. */
  readonly offers: {
    readonly sessions: boolean
    readonly compareAndSet: boolean
    /** Whether what this node is asked is done in the order in which it was asked, but for reads beside the log. */
    readonly order: boolean
    /** Whether it asks for the properties of requests; else there are none. */
    readonly properties: boolean
    /** The read paths beside the usual one. */
    readonly reads: readonly ReadMode[]
  }
  /** The path of reads that name none. */
  readonly read: ReadMode
  /** Formats the ballots of answers. */
  readonly ballots: Ballots
  /**
   * Hands a command to the node. `respond` is called exactly once, now or later: deadlines are the gateway's.
   * The command's bytes belong to the gateway from here on.
   */
  submit(command: Command, read: ReadMode, respond: (outcome: Outcome) => void, properties: Properties): void
  /** How many commands would not be refused for overload now. */
  readonly room: number
  /** A random integer in [0, 2^32), to tell sessions apart. */
  nonce(): number
  /** How long the value under `key` is on this node, which may be behind others; 0 when it has none. */
  lengthOf(key: string): number
  /**
   * Every value that `key` has had on this node until now, oldest first; null when unknown or when versions are not kept.
   * They are the store's own, and not to be changed.
   */
  history(key: string): readonly Uint8Array[] | null
  /** The node's state, as something that JSON can carry. */
  state(): unknown
  /** Whether the node serves requests now, and in any case why. */
  readiness(): { readonly ready: boolean; readonly reason: string }
  /** The node's metrics, in Prometheus' text format. */
  metrics(): Promise<string>
  /** Fault injection, or null when the configuration does not allow it. */
  readonly faults: Faults | null
}
