/**
 * Power is lost while nodes write: of what was not synced the bytes up to any place are there, or their length alone, with
 * zeros in their stead.
 */
import type { Nemesis } from '../arena.ts'
import { victims } from './kill.ts'

export const tornTail: Nemesis = {
  name: 'torn-tail',
  applies: ({ durable }) => durable,
  strike(arena) {
    if (!arena.durable) return null
    const { chooser } = arena
    const killed = victims(arena, 1 + chooser.below(arena.cluster.size))
    for (const process of killed) {
      const { files, log, safe } = process.disk.image()
      process.crash(0)
      const whole = files.get(log)!
      const kept = safe + chooser.below(whole.length - safe + 1)
      files.set(log, chooser.chance(0.5) ? whole.slice(0, kept) : whole.slice().fill(0, kept))
      process.disk.put(files)
    }
    const undo = () => {
      for (const process of killed) if (!process.alive) process.boot()
    }
    return killed.length > 0 ? undo : null
  },
}
