/**
 * A node that has forgotten its votes votes again only behind a fence: a ballot that a phase-1 quorum of the others has
 * promised, so that whatever it may have voted for below it is known to them, or will never be chosen.
 */
import type { NodeId } from '../../node-id.ts'
import type { QuorumSystem } from '../../quorum/index.ts'
import type { Arena, Invariant } from '../arena.ts'
import { Promised } from './promised.ts'
import { slotted } from './slotted.ts'

export function fenced(): Invariant {
  const promised = new Promised()
  /** The life in which a node began without its memory. */
  const without = new Map<NodeId, number>()
  return {
    name: 'fenced',
    afterStep({ processes, protocol, durable }: Arena) {
      // Where they abstain for good there is no way back.
      if (protocol.abstains) return null
      promised.look(processes)
      for (const { id, life, node, replica } of processes) {
        const system = (replica as { quorum?: QuorumSystem } | null)?.quorum
        const own = slotted({ replica })?.promised
        if (!node || !system || own === undefined) continue
        // Without a disk there is nothing that could have been kept.
        if (node.memory === 'lost' || (node.memory === null && !durable)) without.set(id, life)
        if (node.memory !== 'kept' || without.get(id) !== life) continue
        without.delete(id)
        const others = promised.of(own).filter((member) => member !== id)
        if (own > 0 && system.phase1.includes(others)) continue
        const names = others.map(({ name }) => name).join(', ') || 'nobody'
        return `${id.name} had forgotten its votes and votes again at ${own}, promised only by ${names}`
      }
      return null
    },
  }
}
