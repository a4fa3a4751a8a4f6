/** Promised and accepted ballots and the executed mark never go back; with a disk, not across restarts either. */
import type { Arena, Invariant } from '../arena.ts'
import { slotted } from './slotted.ts'

interface Marks {
  readonly life: number
  readonly promised: number
  readonly executed: number
}

export function monotone(): Invariant {
  const marks = new Map<number, Marks>()
  return {
    name: 'nothing goes back',
    afterStep({ processes }: Arena) {
      for (const process of processes) {
        const replica = slotted(process)
        if (!replica || !process.node?.memory) continue
        const now = { life: process.life, promised: replica.promised, executed: replica.log.executed }
        const before = marks.get(process.id.index)
        marks.set(process.id.index, now)
        // What was not synced may be lost in a crash, so only what this life has shown is compared.
        if (before?.life !== now.life) continue
        if (now.promised < before.promised)
          return `${process.id.name} promised ${before.promised}, then ${now.promised}`
        if (now.executed < before.executed)
          return `${process.id.name} executed ${before.executed}, then ${now.executed}`
      }
      return null
    },
  }
}
