/** Flips one bit on the disk of a node. */
import type { Nemesis } from '../arena.ts'
import { damageOne } from './disk-damage.ts'
import { mayForget } from './kill.ts'

export const bitFlip: Nemesis = {
  name: 'bit-flip',
  applies: (arena) => arena.durable && mayForget(arena),
  strike: (arena) =>
    damageOne(arena, (bytes, chooser) => {
      const at = chooser.below(bytes.length)
      return bytes.with(at, bytes[at]! ^ (1 << chooser.below(8)))
    }),
}
