/** Two nodes lose each other, or one the other; all other links stay. */
import { cutBetween, partition } from './partition.ts'

export const partitionPair = partition('pair', 2, (arena) => {
  const [a, b] = arena.chooser.shuffle(arena.cluster.members)
  return cutBetween(arena, [a!], [b!], arena.chooser.pick(['both', 'out'] as const))
})
