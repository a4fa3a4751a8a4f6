/** Cuts the cluster in two, anywhere. */
import { cutBetween, partition } from './partition.ts'

export const partitionHalves = partition('halves', 2, (arena) => {
  const order = arena.chooser.shuffle(arena.cluster.members)
  const size = 1 + arena.chooser.below(order.length - 1)
  return cutBetween(arena, order.slice(0, size), order.slice(size), 'both')
})
