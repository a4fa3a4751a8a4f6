/** Makes some links lose most of what they carry, so that votes of many ballots stand side by side. */
import type { Nemesis } from '../arena.ts'
import { onLinks } from './links.ts'
import { all } from './partition.ts'

export const lossyLink: Nemesis = {
  name: 'lossy-link',
  applies: ({ cluster }) => cluster.size > 1,
  strike(arena) {
    const { chooser, network } = arena
    const undo = onLinks(arena, 0.5, (from, to) => network.lose(from, to, chooser.between(0.3, 0.95)))
    return undo.length > 0 ? all(undo) : null
  },
}
