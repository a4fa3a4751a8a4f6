/**
 * A transport that names its connections. What a wrapper holds back must not be sent into a later connection: that may
 * lead to another life of the peer, and what was sent to one life never reaches the next.
 */
import type { NodeId } from '../node-id.ts'
import type { Transport } from '../seams.ts'

export interface ConnectedTransport extends Transport {
  /** The same object as long as the connection to this peer lasts; null while there is none. */
  connection(to: NodeId): object | null
}
