/** Promised and accepted ballots and the executed mark never go back; with a disk, not across restarts either. */
import type { Arena, Invariant } from '../arena.ts'
import type { Process } from '../process.ts'
import { type Slotted, slotted } from './slotted.ts'

/** How many votes are compared at each end of the slots that are not executed. */
const MOST_VOTES = 64

interface Marks {
  readonly promised: number
  readonly executed: number
  /** How far it has noted that it has executed: not each step is worth a sync. */
  readonly recorded: number
  /** The ballots of the votes that are not executed. */
  readonly votes: ReadonlyMap<number, number>
}

/** What one process has shown. */
interface Memory {
  life: number
  generation: number
  latest: Marks
  /** The marks that its disk holds, and later ones, each with the number of records that it takes to hold them. */
  kept: Marks | null
  readonly coming: { readonly records: number; readonly marks: Marks }[]
}

export function monotone(): Invariant {
  const memories = new Map<number, Memory>()
  return {
    name: 'nothing goes back',
    afterStep({ processes, durable }: Arena) {
      for (const process of processes) {
        const known = memories.get(process.id.index)
        const replica = slotted(process)
        if (!replica || !process.node?.memory) continue
        const marks = marksOf(replica)
        const same = known?.generation === process.disk.generation
        // What was not synced may be lost in a crash, so of an earlier life only what its disk held is compared.
        const before = known?.life === process.life ? known.latest : same && durable ? known.kept : null
        if (known && before) {
          const executed = known.life === process.life ? before.executed : before.recorded
          const complaint = compare({ ...before, executed }, marks, replica)
          if (complaint) return `${process.id.name} ${complaint}`
        }
        const memory = known && same ? known : { coming: [], kept: null, life: 0, generation: 0, latest: marks }
        if (memory !== known) memories.set(process.id.index, memory)
        keep(memory, process, marks)
      }
      return null
    },
  }
}

function keep(memory: Memory, process: Process, marks: Marks): void {
  const { appended, synced } = process.disk.marks
  if (memory.life !== process.life) memory.coming.length = 0
  memory.life = process.life
  memory.generation = process.disk.generation
  memory.latest = marks
  memory.coming.push({ records: appended, marks })
  while (memory.coming.length > 0 && memory.coming[0]!.records <= synced) memory.kept = memory.coming.shift()!.marks
}

function marksOf(replica: Slotted): Marks {
  const { promised, log, recorded = log.executed } = replica
  const votes = new Map<number, number>()
  for (let slot = log.executed; slot < log.end; slot++) {
    // Of a node that lags far behind only both ends: it would be looked at as often as slots arrive.
    if (slot === log.executed + MOST_VOTES) slot = Math.max(slot, log.end - MOST_VOTES)
    const entry = log.get(slot)
    if (entry && !entry.chosen) votes.set(slot, entry.ballot)
  }
  return { promised, executed: log.executed, recorded, votes }
}

function compare(before: Marks, now: Marks, { log }: Slotted): string | null {
  if (now.promised < before.promised) return `promised ${before.promised}, then ${now.promised}`
  for (const [slot, ballot] of now.votes) {
    if (ballot > now.promised) return `voted at ${ballot} for slot ${slot}, and has promised only ${now.promised}`
  }
  // What was learned and executed at once was stored as a vote, too.
  for (let slot = before.executed; slot < Math.min(now.executed, before.executed + MOST_VOTES); slot++) {
    const ballot = log.get(slot)?.ballot ?? 0
    if (ballot > now.promised) return `voted at ${ballot} for slot ${slot}, and has promised only ${now.promised}`
  }
  if (now.executed < before.executed) return `executed ${before.executed}, then ${now.executed}`
  for (const [slot, ballot] of before.votes) {
    if (slot < log.floor) continue
    const vote = log.get(slot)
    if (!vote) return `forgot its vote for slot ${slot}`
    if (vote.ballot < ballot) return `voted at ${ballot} for slot ${slot}, then at ${vote.ballot}`
  }
  return null
}
