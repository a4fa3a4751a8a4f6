/** What the leader knows of the other members: how far each has executed, and when it was heard. */
import type { Node, NodeId, Quorum } from '#core'

/** What is known of one. */
interface Progress {
  readonly executed: number
  readonly heardAt: number
}

export class Members {
  readonly progress = new Map<NodeId, Progress>()
  readonly #node: Node

  constructor(node: Node) {
    this.#node = node
  }

  /** At the start of a lead nothing is known, and nobody is given up. */
  reset(): void {
    for (const peer of this.#node.peers) this.hear(peer, 0)
  }

  /** An answer has come; one that does not say how far the other is changes nothing of that. */
  hear(id: NodeId, executed = this.progress.get(id)?.executed ?? 0): void {
    this.progress.set(id, { executed, heardAt: this.#node.now() })
  }

  /** Everybody has executed the slots below, this node as far as `executed`. */
  floor(executed: number): number {
    return Math.min(executed, ...[...this.progress.values()].map((known) => known.executed))
  }

  /**
   * This node with some that were heard in the last `ms` milliseconds, its own zone first: no more than a quorum takes.
   * All members when those do not suffice.
   */
  nearest(quorum: Quorum, ms: number): readonly NodeId[] {
    const { id, cluster } = this.#node
    const distance = (peer: NodeId) => (peer.zone === id.zone ? 0 : 1)
    const near = this.heardWithin(ms).sort((a, b) => distance(a) - distance(b))
    let chosen = [id, ...near]
    if (!quorum.includes(chosen)) return cluster.members
    for (const peer of near.reverse()) {
      const fewer = chosen.filter((member) => member !== peer)
      if (quorum.includes(fewer)) chosen = fewer
    }
    return chosen
  }

  /** Those heard in the last `ms` milliseconds. */
  heardWithin(ms: number): NodeId[] {
    const since = this.#node.now() - ms
    return this.#node.peers.filter((peer) => (this.progress.get(peer)?.heardAt ?? 0) >= since)
  }
}
