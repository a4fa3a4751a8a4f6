/** Ends a process in good order, mostly the leader: it hands over first, and is not there for a while. */
import type { Nemesis } from '../arena.ts'
import { mayForget, revive, victims } from './kill.ts'

/** How long a process that is to end may take. */
const PATIENCE_MS = 1000

export const retire: Nemesis = {
  name: 'retire',
  applies: (arena) => arena.durable || mayForget(arena),
  strike(arena) {
    const { chooser, processes } = arena
    const able = victims(arena, processes.length).filter(({ paused }) => !paused)
    const leader = able.find(({ replica, id }) => replica?.status().leader === id)
    const process = leader && chooser.chance(0.7) ? leader : able[0]
    if (!process) return null
    process.retire(PATIENCE_MS)
    return () => {
      revive(process)
    }
  },
}
