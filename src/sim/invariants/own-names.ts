/**
 * What a node names its questions by no earlier life of it has used: an answer to the dead would count for the living, and
 * it may be older than what was done since.
 */
import type { NodeId } from '../../node-id.ts'
import type { Arena, Invariant } from '../arena.ts'
import { Hearsay } from './hearsay.ts'

/** The messages that ask, by the field that no two lives of their sender may share. */
const NAMING: Readonly<Record<string, string>> = { Forward: 'life', Query: 'life', Store: 'life', Survey: 'round' }

export function ownNames(): Invariant {
  const asking = Object.entries(NAMING).map(([asks, field]) => ({
    asks,
    field,
    heard: new Hearsay<Readonly<Record<string, number>>>(asks),
    /** By node and name, the life that used it. */
    lives: new Map<NodeId, Map<number, number>>(),
  }))
  return {
    name: 'own names',
    afterStep(arena: Arena) {
      // Where all is explored there is no network.
      if (!arena.network) return null
      for (const { asks, field, heard, lives } of asking) {
        for (const { from, message } of heard.take(arena)) {
          const speaker = arena.processes.find(({ id }) => id === from)
          if (!speaker) continue
          // Who died as it spoke has ended its life by that.
          const life = speaker.node ? speaker.life : speaker.life - 1
          let used = lives.get(from)
          if (!used) lives.set(from, (used = new Map()))
          const name = message[field]!
          if (!used.has(name)) used.set(name, life)
          if (used.get(name) !== life)
            return `${from.name} asks ${asks} by ${field} ${name}, as an earlier life of it did`
        }
      }
      return null
    },
  }
}
