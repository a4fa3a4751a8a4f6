/** A node that still sends, and hears nobody. */
import type { Nemesis } from '../arena.ts'
import { all, cutBetween, othersThan } from './partition.ts'

export const sendOnly: Nemesis = {
  name: 'send-only',
  applies: ({ cluster }) => cluster.size > 1,
  strike(arena) {
    const id = arena.chooser.pick(arena.cluster.members)
    return arena.cluster.size > 1 ? all(cutBetween(arena, [id], othersThan(arena, id), 'in')) : null
  },
}
