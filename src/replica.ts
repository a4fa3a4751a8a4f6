/** What a protocol is to the rest: a replica per node, and a definition that says what it promises. */
import type { Node } from './node.ts'
import type { NodeId } from './node-id.ts'
import type { ReadMode, Request } from './request.ts'

/**
 * What a node knows when it starts. `blank`: the cluster starts with it, nothing has been voted. `kept`: it has all
 * its records. `lost`: the cluster knew it, and it has forgotten what it said: it must not vote as if it had not.
 */
export type Memory = 'blank' | 'kept' | 'lost'

/** What `/state` and `/health/ready` tell of a replica. */
export interface Status {
  /** Whether it can serve or forward requests now. */
  readonly ready: boolean
  /** Why not, or what it is, in a few words. */
  readonly reason: string
  /** Who leads, where there is such a thing. */
  readonly leader: NodeId | null
  /** The ballot this node goes by; 0 where there are none. */
  readonly ballot: number
  /** How many slots or instances have been executed; null where there is no such order, as for registers. */
  readonly executed: number | null
  /** Whatever else the protocol shows. */
  readonly [detail: string]: unknown
}

/**
 * One node's part in a protocol. Besides this, it has an `on<Message>(message, from)` per message and a
 * `recover<Record>(record)` per record of its modules. Handlers are synchronous and never re-entered.
 */
export interface Replica {
  /** A client's request, new here or forwarded from another node. */
  onRequest(request: Request): void
  /** Called once, after all records were recovered and before anything else. */
  onStart(memory: Memory): void
  /** Called once at the end of each turn: the place to propose what the turn collected. */
  onTurnEnd?(): void
  /**
   * What stands for all that the replica has persisted so far: records that, recovered in this order by a new replica,
   * bring it to this moment. They may be made as they are taken, while handlers run: what changes meanwhile must not
   * show. Without it the log grows for ever.
   */
  dump?(): Iterable<object>
  /**
   * The process is about to end: whatever only this node does is finished, and handed over to another. `done` is called
   * once the others can go on without it, maybe never. Without it there is nothing to hand over.
   */
  retire?(done: () => void): void
  /** What the replica would tell of itself. */
  status(): Status
}

/** Which contract the clients of a protocol may rely on. */
export type Consistency = 'linearizable' | 'eventual' | 'probabilistic'

/** The waiting times of the configuration that protocols share; their own options may differ. */
export interface Timeouts {
  readonly heartbeat_ms: number
  readonly election_ms: number
}

/** The waiting times of a cluster that is told no others, in milliseconds. */
export const TIMEOUTS: Timeouts = { heartbeat_ms: 100, election_ms: 400 }

/** What a user turns on for a whole server, as in Paxi; the first is a key of the configuration, the other a flag. */
export type Switch = 'thrifty' | 'ephemeral_leader'

/** A protocol, as `protocols/<name>/index.ts` exports it. */
export interface Protocol<O = unknown> {
  /** What `-algorithm` calls it. */
  readonly name: string
  /** Where it was published. */
  readonly paper: string
  readonly consistency: Consistency
  /**
   * Where its session tables live: one per log, one per key, or nowhere. `log` promises also that what the clients of one
   * node ask for is done in that order, but for reads that ask for another path: pipelined requests rely on it.
   */
  readonly sessions: 'log' | 'key' | 'none'
  /** Whether it can compare and set. */
  readonly compareAndSet: boolean
  /** The read paths that a client may ask for beside the usual one. Left out: none. */
  readonly reads?: readonly Exclude<ReadMode, ''>[]
  /** Whether it looks at `Request.properties`: only then are they kept, and sent along with forwarded requests. */
  readonly properties?: boolean
  /** Keys of the configuration and flags of `server` that it takes as options, which are 1 when they are on. */
  readonly switches?: readonly Switch[]
  /** Whether a node that has lost its memory stays out for good. Left out: it takes it over from its peers. */
  readonly abstains?: boolean
  /**
   * Checks the options of the config file's `protocols.<name>` and adds the defaults.
   * @throws SynodError `config`, in one line
   */
  options(given: Readonly<Record<string, unknown>>, timeouts: Timeouts): O
  /** What the options are for, in a few words each, for `server -help`. */
  readonly meanings?: Readonly<Record<string, string>>
  /** Option sets that the simulator draws from: small bounds, so that short runs reach them. Defaults if left out. */
  simulated?(): readonly Readonly<Record<string, unknown>>[]
  /** Whether requests finish while exactly these members live and reach each other. */
  progress(alive: readonly NodeId[], node: Pick<Node, 'cluster'>, options: O): boolean
  /** Makes the replica of one node and registers its messages there. */
  create(node: Node, options: O): Replica
}

/** Declares a protocol, for a module to export by default. Gives what it is given: only the types are checked. */
export function defineProtocol<O>(protocol: Protocol<O>): Protocol<O> {
  return protocol
}
