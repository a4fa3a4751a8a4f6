/** Links that go away and come back, again and again, each at its own times. */
import type { Nemesis } from '../arena.ts'
import { onLinks } from './links.ts'
import { all } from './partition.ts'

export const flapping: Nemesis = {
  name: 'flapping',
  applies: ({ cluster }) => cluster.size > 1,
  strike(arena) {
    const { chooser, network, world } = arena
    const most = chooser.pick([20, 200, 800])
    const undo = onLinks(arena, chooser.between(0.2, 0.8), (from, to) => {
      let on = true
      let mend: (() => void) | null = null
      const flap = () => {
        if (!on) return
        if (mend) mend()
        mend = mend ? null : network.cut(from, to)
        world.after(chooser.between(1, most), flap)
      }
      flap()
      return () => {
        on = false
        mend?.()
      }
    })
    return undo.length > 0 ? all(undo) : null
  },
}
