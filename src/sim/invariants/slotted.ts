/** What invariants may look at in a replica with a log of slots and ballots, such as those of the Paxos family. */
import type { Command } from '../../command.ts'
import type { Process } from '../process.ts'

export interface Slotted {
  readonly promised: number
  /** How far its records say that it has executed, where they do not always say all. */
  readonly recorded?: number
  readonly log: {
    readonly executed: number
    readonly floor: number
    readonly end: number
    get(
      slot: number,
    ): { readonly ballot: number; readonly chosen: boolean; readonly commands: readonly Command[] } | undefined
  }
}

/** The replica of a process, if it has such a log. */
export function slotted({ replica }: Pick<Process, 'replica'>): Slotted | null {
  return replica && 'log' in replica && 'promised' in replica ? (replica as unknown as Slotted) : null
}
