/** Each node reaches only its neighbours in a row. */
import { keepOnly, partition } from './partition.ts'

export const partitionChain = partition('chain', 3, (arena) =>
  keepOnly(arena, arena.chooser.shuffle(arena.cluster.members), (i, j) => Math.abs(i - j) === 1),
)
