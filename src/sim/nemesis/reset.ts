/** Connections between living nodes break, again and again: what is under way by them is lost, and who listens learns it. */
import type { Nemesis } from '../arena.ts'
import { onLinks } from './links.ts'
import { all } from './partition.ts'

export const reset: Nemesis = {
  name: 'reset',
  applies: ({ cluster }) => cluster.size > 1,
  strike(arena) {
    const { chooser, network, world } = arena
    const rarest = chooser.pick([30, 200])
    const undo = onLinks(arena, chooser.between(0.2, 0.8), (from, to) => {
      let on = true
      const again = () => {
        if (!on) return
        network.reset(from, to)
        world.after(chooser.between(1, rarest), again)
      }
      again()
      return () => {
        on = false
      }
    })
    return undo.length > 0 ? all(undo) : null
  },
}
