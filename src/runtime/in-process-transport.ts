/** Nodes in one process: frames go from memory to memory, a loop of the event loop later. */
import type { NodeId } from '../node-id.ts'
import type { Log, Receive } from '../seams.ts'
import type { ConnectedTransport } from './connected-transport.ts'

export class InProcessHub {
  readonly #receivers = new Map<NodeId, Receive>()

  /** Joins a node; gives its transport. A node that left can be joined anew. */
  join(self: NodeId, receive: Receive, log: Log): ConnectedTransport {
    this.#receivers.set(self, receive)
    return {
      send: (to, frames) => {
        if (!this.#receivers.has(to)) return false
        setImmediate(() => {
          const deliver = this.#receivers.get(to)
          if (deliver) for (const frame of frames) deliver(self, frame)
        })
        return true
      },
      connection: (to) => this.#receivers.get(to) ?? null,
      reject: (from, reason) => log.warn('peer rejected', { peer: from.name, reason }),
    }
  }

  leave(id: NodeId): void {
    this.#receivers.delete(id)
  }
}
