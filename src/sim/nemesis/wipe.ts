/** Replaces the disk of a node by an empty one; a majority that remembers must be left. */
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
    return () => {
      if (!process.alive) process.boot()
    }
  },
}
