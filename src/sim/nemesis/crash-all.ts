/** Kills all processes: what was acknowledged must be on their disks. */
import type { Nemesis } from '../arena.ts'
import { kill } from './kill.ts'

export const crashAll: Nemesis = {
  name: 'crash-all',
  applies: ({ durable }) => durable,
  strike: (arena) => (arena.durable ? kill(arena, arena.cluster.size) : null),
}
