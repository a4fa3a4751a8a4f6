/** Cuts a majority off from the leader, who stays behind with a minority. */
import { cutBetween, leaderOrAny, minority, othersThan, partition } from './partition.ts'

export const partitionMajority = partition('majority', 3, (arena) => {
  const leader = leaderOrAny(arena)
  const others = othersThan(arena, leader)
  const followers = arena.chooser.below(minority(arena))
  return cutBetween(arena, [leader, ...others.slice(0, followers)], others.slice(followers), 'both')
})
