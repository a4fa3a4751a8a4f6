/** What the metrics look at when they are read, beside what the meters have counted. */

import type { Load } from '../load.ts'
import type { NodeId } from '../node-id.ts'
import type { Status } from '../replica.ts'

/** One outgoing connection. */
export interface Link {
  readonly peer: NodeId
  readonly connected: boolean
  /** How often it has been made. */
  readonly connections: number
  /** Frames dropped because the peer was away or slow. */
  readonly dropped: number
}

/** How long the files of a data directory are. */
export interface DiskBytes {
  readonly log: number
  readonly snapshot: number
}

/** One node, seen by its metrics. */
export interface Observed {
  readonly name: string
  readonly algorithm: string
  /** The messages' names and numbers. */
  messages(): Iterable<{ readonly number: number; readonly name: string }>
  load(): Load
  status(): Status
  /** Whether the node serves requests. */
  ready(): boolean
  /** The round of the ballot it goes by. */
  round(): number
  /** Commands executed, keys and sessions. */
  store(): { readonly applied: number; readonly keys: number; readonly sessions: number }
  links(): Iterable<Link>
  /** Connections and datagrams of peers that were refused for what they sent. */
  rejected(): number
  /** Frames dropped on their way, by reason. */
  dropped(): Iterable<readonly [reason: string, count: number]>
  /** The kinds of faults that are on, one for each fault. */
  faults(): readonly string[]
  /** Null where there is no disk. */
  diskBytes(): DiskBytes | null
}
