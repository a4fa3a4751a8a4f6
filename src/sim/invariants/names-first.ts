/**
 * A tag that a node has issued is on its disk before any message names it: after a crash it would issue it again, for
 * another value. Looked at in what nodes say: two values under one tag show only if both are read.
 */
import type { NodeId } from '../../node-id.ts'
import type { Arena, Invariant } from '../arena.ts'
import { Hearsay } from './hearsay.ts'
import { KeptTags } from './kept-tags.ts'
import { holdsRegisters } from './registers.ts'

/** What names a tag of a key, in protocols of registers: who has issued it, and whoever has read it. */
const NAMING = 'Store'

export function namesFirst(): Invariant {
  const named = new Hearsay<{ readonly key: string; readonly tag: number }>(NAMING)
  const kept = new Map<NodeId, KeptTags>()
  return {
    name: 'names first',
    afterStep(arena: Arena) {
      // Without a disk a node that dies is known to have forgotten. Where all is explored there is no network.
      if (!arena.durable || !arena.network) return null
      const said = named.take(arena)
      for (const process of arena.processes) {
        const { id, node } = process
        if (!node || !holdsRegisters(process)) continue
        let tags = kept.get(id)
        if (!tags) kept.set(id, (tags = new KeptTags()))
        tags.look(process, arena.clients.keys)
        for (const { from, message } of said) {
          const { key, tag } = message
          if (from !== id || node.ballots.owner(tag) !== id || tag <= tags.get(key)) continue
          return `${id.name} has named tag ${node.ballots.format(tag)} of key ${key}, which is not on its disk`
        }
      }
      return null
    },
  }
}
