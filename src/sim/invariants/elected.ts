/**
 * Who leads at a ballot has the promises of a phase-1 quorum of distinct members for it. Seen when the leader begins, where
 * agreement would be broken only if the votes that it has not heard of matter.
 */
import type { NodeId } from '../../node-id.ts'
import type { QuorumSystem } from '../../quorum/index.ts'
import type { Arena, Invariant } from '../arena.ts'
import { Promised } from './promised.ts'
import { slotted } from './slotted.ts'

export function elected(): Invariant {
  const promised = new Promised()
  /** The ballot at which each leads, 0 when it does not. One that leads when it is first seen is believed. */
  const led = new Map<NodeId, number>()
  return {
    name: 'elected',
    afterStep({ processes }: Arena) {
      promised.look(processes)
      for (const { id, node, replica } of processes) {
        const system = (replica as { quorum?: QuorumSystem } | null)?.quorum
        const status = slotted({ replica }) && replica?.status()
        const ballot = status?.leader === id ? status.ballot : 0
        const before = led.get(id)
        led.set(id, ballot)
        if (!system || before === undefined || before === ballot || ballot === 0) continue
        if (node?.ballots.owner(ballot) !== id) return `${id.name} leads at ballot ${ballot}, which is not its own`
        const behind = promised.of(ballot)
        if (system.phase1.includes(behind)) continue
        return `${id.name} leads at ballot ${ballot}, promised only by ${behind.map(({ name }) => name).join(', ')}`
      }
      return null
    },
  }
}
