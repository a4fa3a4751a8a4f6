/**
 * A node that has forgotten its votes votes again only behind a fence: it has opened a ballot since, and a phase-1 quorum
 * of the others has promised that, so whatever it may have voted for below is known to them, or will never be chosen. It
 * lies above all that the node had promised itself: such a promise may still count somewhere. What it says of its memory
 * after a restart changes nothing.
 */
import type { NodeId } from '../../node-id.ts'
import type { QuorumSystem } from '../../quorum/index.ts'
import type { Arena, Invariant } from '../arena.ts'
import { Hearsay } from './hearsay.ts'
import { Promised } from './promised.ts'

/** What opens a ballot, in protocols with slots and ballots. */
const OPENING = 'Prepare'

/** A node that has forgotten. */
interface Forgetful {
  /** The life in which it was seen to. */
  readonly life: number
  /** The highest ballot that it had promised. */
  readonly before: number
  /** The highest ballot that it has opened since; 0 for none. */
  fence: number
}

export function fenced(): Invariant {
  const promised = new Promised()
  const opened = new Hearsay<{ readonly ballot: number }>(OPENING)
  /** Who has forgotten. */
  const without = new Map<NodeId, Forgetful>()
  return {
    name: 'fenced',
    afterStep(arena: Arena) {
      const { processes, protocol, durable, network } = arena
      // Where they abstain for good there is no way back, and where all is explored there is no network.
      if (protocol.abstains || !network) return null
      promised.look(processes)
      for (const { from, message } of opened.take(arena)) {
        const forgetful = without.get(from)
        if (forgetful) forgetful.fence = Math.max(forgetful.fence, message.ballot)
      }
      for (const { id, life, node, replica } of processes) {
        const system = (replica as { quorum?: QuorumSystem } | null)?.quorum
        if (!node || !system) continue
        // Without a disk there is nothing that could have been kept.
        const forgot = node.memory === 'lost' || (node.memory === null && !durable)
        if (forgot && without.get(id)?.life !== life) without.set(id, { life, before: promised.by(id), fence: 0 })
        const forgetful = without.get(id)
        if (node.memory === 'blank') without.delete(id)
        if (node.memory !== 'kept' || !forgetful) continue
        without.delete(id)
        const { fence, before } = forgetful
        if (fence > 0 && fence <= before)
          return `${id.name} opened its fence at ballot ${fence}, and had promised ${before}`
        const others = promised.of(fence).filter((member) => member !== id)
        if (fence > 0 && system.phase1.includes(others)) continue
        const names = others.map(({ name }) => name).join(', ') || 'nobody'
        return `${id.name} had forgotten its votes and votes again behind ballot ${fence}, promised by ${names}`
      }
      return null
    },
  }
}
