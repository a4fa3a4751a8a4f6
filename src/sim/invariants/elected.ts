/**
 * Who leads at a ballot has the promises of a phase-1 quorum of distinct members for it. Seen when the leader begins, where
 * agreement would be broken only if the votes that it has not heard of matter.
 */
import type { NodeId } from '../../node-id.ts'
import type { QuorumSystem } from '../../quorum/index.ts'
import type { Arena, Invariant } from '../arena.ts'
import { slotted } from './slotted.ts'

export function elected(): Invariant {
  /** The highest promise that each member has ever made. */
  const promised = new Map<NodeId, number>()
  /** The ballot at which each leads, 0 when it does not. One that leads when it is first seen is believed. */
  const led = new Map<NodeId, number>()
  return {
    name: 'elected',
    afterStep({ processes }: Arena) {
      for (const process of processes) {
        // Who died in the middle of a turn has promised what it has just said.
        const replica = slotted(process) ?? slotted({ replica: process.remains })
        if (replica) promised.set(process.id, Math.max(replica.promised, promised.get(process.id) ?? 0))
      }
      for (const { id, replica } of processes) {
        const system = (replica as { quorum?: QuorumSystem } | null)?.quorum
        const status = slotted({ replica }) && replica?.status()
        const ballot = status?.leader === id ? status.ballot : 0
        const before = led.get(id)
        led.set(id, ballot)
        if (!system || before === undefined || before === ballot || ballot === 0) continue
        const behind = [...promised].filter(([, promise]) => promise >= ballot).map(([member]) => member)
        if (system.phase1.includes(behind)) continue
        return `${id.name} leads at ballot ${ballot}, promised only by ${behind.map(({ name }) => name).join(', ')}`
      }
      return null
    },
  }
}
