/** Kills one process. */
import type { Nemesis } from '../arena.ts'
import { kill, mayForget } from './kill.ts'

export const crashOne: Nemesis = {
  name: 'crash-one',
  applies: (arena) => arena.durable || mayForget(arena),
  strike: (arena) => kill(arena, 1),
}
