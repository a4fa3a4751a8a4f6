/** Kills as many as a majority can do without. */
import type { Nemesis } from '../arena.ts'
import { kill, mayForget } from './kill.ts'
import { minority } from './partition.ts'

export const crashMinority: Nemesis = {
  name: 'crash-minority',
  applies: (arena) => arena.cluster.size > 2 && (arena.durable || mayForget(arena)),
  strike: (arena) => kill(arena, minority(arena)),
}
