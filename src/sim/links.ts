/**
 * A number for each link, one direction each, on which several faults may lie at once: the largest counts, and each
 * fault is lifted alone.
 */
import type { NodeId } from '../node-id.ts'

/** Above the number of members of any cluster. */
const MEMBERS = 4096

interface Layer {
  readonly value: number
}

export class Links {
  readonly #layers = new Map<number, Layer[]>()
  /** Of each link with a layer the largest value. */
  readonly #largest = new Map<number, number>()

  /** Lays a value above 0 on a link; gives the way to lift just this one. */
  lay(from: NodeId, to: NodeId, value: number): () => void {
    const link = linkOf(from, to)
    const layer = { value }
    this.#set(link, [...(this.#layers.get(link) ?? []), layer])
    return () => {
      const left = this.#layers.get(link)?.filter((other) => other !== layer)
      if (left) this.#set(link, left)
    }
  }

  /** The largest value on a link; 0 when there is none. */
  get(from: NodeId, to: NodeId): number {
    return this.#largest.size === 0 ? 0 : (this.#largest.get(linkOf(from, to)) ?? 0)
  }

  /** Lifts all, whoever laid them. */
  clear(): void {
    this.#layers.clear()
    this.#largest.clear()
  }

  #set(link: number, layers: Layer[]): void {
    if (layers.length === 0) {
      this.#layers.delete(link)
      this.#largest.delete(link)
      return
    }
    this.#layers.set(link, layers)
    this.#largest.set(link, Math.max(...layers.map(({ value }) => value)))
  }
}

/** A number for the link between two nodes in one direction. */
export function linkOf(from: NodeId, to: NodeId): number {
  return from.index * MEMBERS + to.index
}
