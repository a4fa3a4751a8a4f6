/** Makes some links so slow that their messages arrive when the world has moved on. */
import type { Nemesis } from '../arena.ts'
import { onLinks } from './links.ts'
import { all } from './partition.ts'

export const slowLink: Nemesis = {
  name: 'slow-link',
  applies: ({ cluster }) => cluster.size > 1,
  strike(arena) {
    const { chooser, network } = arena
    const undo = onLinks(arena, 0.3, (from, to) => {
      return network.slow(from, to, chooser.between(5, chooser.pick([50, 500, 2000])))
    })
    return undo.length > 0 ? all(undo) : null
  },
}
