/** Cuts off a minority without the leader: the others should hardly notice. */
import { cutBetween, leaderOrAny, minority, othersThan, partition } from './partition.ts'

export const partitionMinority = partition('minority', 3, (arena) => {
  const side = othersThan(arena, leaderOrAny(arena)).slice(0, 1 + arena.chooser.below(minority(arena)))
  const others = arena.cluster.members.filter((id) => !side.includes(id))
  return cutBetween(arena, side, others, 'both')
})
