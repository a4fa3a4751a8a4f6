/** What the REST front needs of the node behind it, so that it can be built and tested without one. */
import type { Ballots } from '../ballots.ts'
import type { Command } from '../command.ts'
import type { Cluster, NodeId } from '../node-id.ts'
import type { Outcome, ReadMode } from '../request.ts'

/** Faults that a client may inject; both last for `seconds`, a whole number, and for ever when it is 0 or less. */
export interface Faults {
  /** The node neither sends nor receives; its memory and its HTTP stay. */
  crash(seconds: number): void
  /** What the node sends to `id` is dropped. */
  drop(id: NodeId, seconds: number): void
}

/** One node, seen from its HTTP side. */
export interface Gateway {
  readonly id: NodeId
  readonly cluster: Cluster
  /** Formats the ballots of answers. */
  readonly ballots: Ballots
  /**
   * Hands a command to the node. `respond` is called exactly once, now or later: deadlines are the gateway's.
   * The command's bytes belong to the gateway from here on.
   */
  submit(command: Command, read: ReadMode, respond: (outcome: Outcome) => void): void
  /** Every value that `key` has had on this node, oldest first; null when unknown or when versions are not kept. */
  history(key: string): readonly Uint8Array[] | null
  /** The node's state, as something that JSON can carry. */
  state(): unknown
  /** Whether the node serves requests now, and in any case why. */
  readiness(): { readonly ready: boolean; readonly reason: string }
  /** Fault injection, or null when the configuration does not allow it. */
  readonly faults: Faults | null
}
