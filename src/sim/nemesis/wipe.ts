/**
 * Replaces the disk of a node by an empty one; a majority that remembers must be left. Mostly it comes back while other
 * faults last, so that they meet it while it has forgotten.
 */
import type { Nemesis } from '../arena.ts'
import { mayForget, remembering, spare } from './kill.ts'

export const wipe: Nemesis = {
  name: 'wipe',
  applies: (arena) => arena.durable && mayForget(arena),
  strike(arena) {
    if (!arena.durable || spare(arena) <= 0) return null
    const process = arena.chooser.pick(remembering(arena))
    process.crash()
    process.disk.wipe()
    if (arena.chooser.chance(0.7)) {
      arena.world.after(arena.chooser.between(0, 300), () => {
        if (!process.alive) process.boot()
      })
    }
    return () => {
      if (!process.alive) process.boot()
    }
  },
}
