/** Cuts off the leader: both ways, or only what it sends or what it receives. */
import { cutBetween, leaderOrAny, othersThan, partition } from './partition.ts'

export const partitionLeader = partition('leader', 2, (arena) => {
  const leader = leaderOrAny(arena)
  return cutBetween(arena, [leader], othersThan(arena, leader), arena.chooser.pick(['both', 'out', 'in'] as const))
})
