/** A node that hears everybody, and is heard by nobody. */
import type { Nemesis } from '../arena.ts'
import { all, cutBetween, othersThan } from './partition.ts'

export const receiveOnly: Nemesis = {
  name: 'receive-only',
  applies: ({ cluster }) => cluster.size > 1,
  strike(arena) {
    const id = arena.chooser.pick(arena.cluster.members)
    return arena.cluster.size > 1 ? all(cutBetween(arena, [id], othersThan(arena, id), 'out')) : null
  },
}
