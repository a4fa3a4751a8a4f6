/** The highest promise that each member has ever made, in all its lives; in protocols with slots and ballots. */
import type { NodeId } from '../../node-id.ts'
import type { Process } from '../process.ts'
import { slotted } from './slotted.ts'

export class Promised {
  readonly #highest = new Map<NodeId, number>()

  look(processes: readonly Process[]): void {
    for (const process of processes) {
      // Who died in the middle of a turn has promised what it has just said.
      const replica = slotted(process) ?? slotted({ replica: process.remains })
      if (replica) this.#highest.set(process.id, Math.max(replica.promised, this.#highest.get(process.id) ?? 0))
    }
  }

  /** The highest promise of a member. */
  by(id: NodeId): number {
    return this.#highest.get(id) ?? 0
  }

  /** Who has promised a ballot, or a higher one. */
  of(ballot: number): NodeId[] {
    return [...this.#highest].filter(([, highest]) => highest >= ballot).map(([member]) => member)
  }
}
