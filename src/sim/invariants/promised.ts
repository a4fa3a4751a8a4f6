/** The highest promises that each member has ever made, in all its lives; in protocols with slots and ballots. */
import type { NodeId } from '../../node-id.ts'
import type { Process } from '../process.ts'
import { slotted } from './slotted.ts'

export class Promised {
  readonly #highest = new Map<NodeId, number>()
  readonly #counted = new Map<NodeId, number>()
  /** Who could vote when it was seen alive last. */
  readonly #voters = new Set<NodeId>()

  look(processes: readonly Process[]): void {
    for (const process of processes) {
      // Who died in the middle of a turn has promised what it has just said.
      const replica = slotted(process) ?? slotted({ replica: process.remains })
      if (!replica) continue
      raise(this.#highest, process.id, replica.promised)
      const memory = process.node?.memory
      if (memory === 'kept' || memory === 'blank') this.#voters.add(process.id)
      else if (process.node) this.#voters.delete(process.id)
      // What is promised without a vote is told nobody.
      if (this.#voters.has(process.id)) raise(this.#counted, process.id, replica.promised)
    }
  }

  /** The highest promise that a member has made while it could vote: it may count somewhere. */
  by(id: NodeId): number {
    return this.#counted.get(id) ?? 0
  }

  /** Who has promised a ballot, or a higher one. */
  of(ballot: number): NodeId[] {
    return [...this.#highest].filter(([, highest]) => highest >= ballot).map(([member]) => member)
  }
}

function raise(marks: Map<NodeId, number>, id: NodeId, ballot: number): void {
  marks.set(id, Math.max(ballot, marks.get(id) ?? 0))
}
