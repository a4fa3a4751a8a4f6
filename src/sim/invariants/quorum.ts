/**
 * What is executed first anywhere was voted for by a phase-2 quorum of distinct members, at one ballot; and what a client
 * was told of a register no phase-1 quorum lacks.
 */
import type { NodeId } from '../../node-id.ts'
import type { QuorumSystem } from '../../quorum/index.ts'
import type { Arena, Invariant } from '../arena.ts'
import { Holders } from './holders.ts'
import { slotted } from './slotted.ts'

export function quorum(): Invariant {
  /** By slot and ballot, who has voted. Gone once the slot is chosen. */
  const votes = new Map<number, Map<number, Set<NodeId>>>()
  const looked = new Map<NodeId, { life: number; slot: number }>()
  const holders = new Holders()
  let chosen = 0
  return {
    name: 'quorum',
    afterStep({ processes, clients }: Arena) {
      const lacking = holders.look({ processes, clients })
      if (lacking) return lacking
      for (const process of processes) {
        const replica = slotted(process)
        if (!replica) continue
        const { log } = replica
        let seen = looked.get(process.id)
        if (!seen || seen.life !== process.life) looked.set(process.id, (seen = { life: process.life, slot: 0 }))
        for (let slot = Math.max(seen.slot, log.floor, chosen); slot < log.end; slot++) {
          const entry = log.get(slot)
          if (!entry) continue
          let ballots = votes.get(slot)
          if (!ballots) votes.set(slot, (ballots = new Map()))
          const voters = ballots.get(entry.ballot)
          if (voters) voters.add(process.id)
          else ballots.set(entry.ballot, new Set([process.id]))
        }
        seen.slot = Math.max(seen.slot, log.executed)
      }
      for (const process of processes) {
        const replica = slotted(process)
        const system = (replica as { quorum?: QuorumSystem } | null)?.quorum
        if (!replica || !system) continue
        for (; chosen < replica.log.executed; chosen++) {
          // Voted for, executed and forgotten within one step: nobody could look.
          if (!votes.has(chosen) && chosen < replica.log.floor) continue
          const ballots = [...(votes.get(chosen) ?? [])]
          votes.delete(chosen)
          if (ballots.some(([, voters]) => system.phase2.includes(voters))) continue
          const held = ballots.map(([ballot, voters]) => `${[...voters].map(({ name }) => name)} at ${ballot}`)
          return `${process.id.name} executed slot ${chosen} without a quorum of votes: ${held.join('; ') || 'none'}`
        }
      }
      return null
    },
  }
}
