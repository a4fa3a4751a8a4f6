/** Kills one process, which stays dead for some time after all else is healed: what waits for it must not pile up. */
import type { Nemesis } from '../arena.ts'
import { mayForget, victims } from './kill.ts'

export const deadPeer: Nemesis = {
  name: 'dead-peer',
  applies: (arena) => arena.cluster.size > 1 && (arena.durable || mayForget(arena)),
  strike(arena) {
    const { world, chooser } = arena
    const [process] = victims(arena, 1)
    if (!process || arena.cluster.size === 1) return null
    process.crash()
    return () => {
      world.after(chooser.between(500, 2000), () => {
        if (!process.alive) process.boot()
      })
    }
  },
}
