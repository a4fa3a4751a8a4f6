/** Replaces a sector on the disk of a node by zeros. */
import type { Nemesis } from '../arena.ts'
import { damageOne } from './disk-damage.ts'
import { mayForget } from './kill.ts'

const SECTOR_BYTES = 512

export const zeroedSector: Nemesis = {
  name: 'zeroed-sector',
  applies: (arena) => arena.durable && mayForget(arena),
  strike: (arena) =>
    damageOne(arena, (bytes, chooser) => {
      const from = SECTOR_BYTES * chooser.below(Math.ceil(bytes.length / SECTOR_BYTES))
      return bytes.slice().fill(0, from, from + SECTOR_BYTES)
    }),
}
