/** Each node reaches only its two neighbours in a ring, which is no majority in clusters of six and more. */
import { keepOnly, partition } from './partition.ts'

export const partitionRing = partition('ring', 4, (arena) => {
  const { size } = arena.cluster
  const order = arena.chooser.shuffle(arena.cluster.members)
  return keepOnly(arena, order, (i, j) => Math.abs(i - j) === 1 || Math.abs(i - j) === size - 1)
})
