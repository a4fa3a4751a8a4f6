/**
 * What is executed first anywhere was voted for by a phase-2 quorum of distinct members, at one ballot, on their disks; and
 * what a client was told of a register no phase-1 quorum lacks.
 */
import type { Cluster, NodeId } from '../../node-id.ts'
import type { QuorumSystem, Tally } from '../../quorum/index.ts'
import type { Arena, Invariant } from '../arena.ts'
import type { Process } from '../process.ts'
import { Holders } from './holders.ts'
import { type Slotted, slotted } from './slotted.ts'

/** How many proposals of a leader are compared: the oldest ones are decided next. */
const MOST_COUNTS = 8

/** A vote that its node's disk holds once it has so many records. */
interface Vote {
  readonly slot: number
  readonly ballot: number
  readonly records: number
}

/** What was seen of a process: its votes below `slot` and up to `end`, and those that a crash may still take. */
interface Seen {
  readonly life: number
  slot: number
  readonly ballots: Map<number, number>
  readonly coming: Vote[]
}

/** A leader that shows whose votes it has counted for what it has proposed. */
interface Leader {
  readonly quorum: QuorumSystem
  readonly proposer: { readonly proposals: ReadonlyMap<number, { readonly ballot: number; readonly tally: Tally }> }
}

/** The votes of a run, counted once they are on disk. */
class Votes {
  /** By slot and ballot, who has voted. Gone once the slot is chosen. */
  readonly #cast = new Map<number, Map<number, Set<NodeId>>>()
  readonly #seen = new Map<NodeId, Seen>()

  /** Looks at the log of a process from slot `first` on. */
  look(process: Process, { log }: Slotted, first: number): void {
    let seen = this.#seen.get(process.id)
    if (seen?.life !== process.life) {
      seen = { life: process.life, slot: 0, ballots: new Map(), coming: [] }
      this.#seen.set(process.id, seen)
    }
    const { appended, synced } = process.disk.marks
    for (let slot = Math.max(seen.slot, log.floor, first); slot < log.end; slot++) {
      const ballot = log.get(slot)?.ballot
      if (ballot === undefined || seen.ballots.get(slot) === ballot) continue
      seen.ballots.set(slot, ballot)
      seen.coming.push({ slot, ballot, records: appended })
    }
    for (; seen.slot < log.executed; seen.slot++) seen.ballots.delete(seen.slot)
    while (seen.coming.length > 0 && seen.coming[0]!.records <= synced) {
      const vote = seen.coming.shift()!
      if (vote.slot >= first) this.#count(process.id, vote)
    }
  }

  /** A vote that a leader has counted from slot `first` on, and nobody has cast; as a sentence. */
  miscount({ id, replica }: Process, cluster: Cluster, first: number): string | null {
    const leader = replica as Partial<Leader> | null
    if (!leader?.quorum || !leader.proposer) return null
    let left = MOST_COUNTS
    for (const [slot, { ballot, tally }] of leader.proposer.proposals) {
      if (slot < first) continue
      if (left-- === 0) return null
      const voters = this.#cast.get(slot)?.get(ballot)
      const stranger = cluster.members.find((member) => tally.has(member) && !voters?.has(member))
      if (stranger)
        return `${id.name} has counted a vote of ${stranger.name} for slot ${slot} at ${ballot}, which it has not`
    }
    return null
  }

  /** Who has voted for a slot, by ballot. It is not asked for again. */
  take(slot: number): [number, Set<NodeId>][] {
    const ballots = this.#cast.get(slot)
    this.#cast.delete(slot)
    return ballots ? [...ballots] : []
  }

  #count(id: NodeId, { slot, ballot }: Vote): void {
    let ballots = this.#cast.get(slot)
    if (!ballots) this.#cast.set(slot, (ballots = new Map()))
    const voters = ballots.get(ballot)
    if (voters) voters.add(id)
    else ballots.set(ballot, new Set([id]))
  }
}

export function quorum(): Invariant {
  const votes = new Votes()
  const holders = new Holders()
  let chosen = 0
  return {
    name: 'quorum',
    afterStep({ processes, clients, cluster }: Arena) {
      const lacking = holders.look({ processes, clients })
      if (lacking) return lacking
      for (const process of processes) {
        // Without a disk, who dies in the middle of a turn has voted for what it has just sent.
        const replica = slotted(process) ?? (process.disk.durable ? null : slotted({ replica: process.remains }))
        if (replica) votes.look(process, replica, chosen)
      }
      for (const process of processes) {
        const miscount = votes.miscount(process, cluster, chosen)
        if (miscount) return miscount
        const replica = slotted(process)
        const system = (replica as { quorum?: QuorumSystem } | null)?.quorum
        if (!replica || !system) continue
        for (; chosen < replica.log.executed; chosen++) {
          const ballots = votes.take(chosen)
          // Voted for, executed and forgotten within one step: nobody could look.
          if (ballots.length === 0 && chosen < replica.log.floor) continue
          if (ballots.some(([, voters]) => system.phase2.includes(voters))) continue
          const held = ballots.map(([ballot, voters]) => `${[...voters].map(({ name }) => name)} at ${ballot}`)
          return `${process.id.name} executed slot ${chosen} without a quorum of votes: ${held.join('; ') || 'none'}`
        }
      }
      return null
    },
  }
}
