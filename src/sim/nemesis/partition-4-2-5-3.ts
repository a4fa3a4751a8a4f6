/**
 * Five nodes of which 1, 2 and 3 reach each other, 4 reaches only 2, and 5 reaches only 3, who leads: then 4 and 5 keep
 * asking for elections that depose any leader (Howard & Abraham, "Raft does not Guarantee Liveness in the face of
 * Network Faults", 2020). With more nodes the core is a majority, and each other node reaches one of it.
 */
import { keepOnly, leaderOrAny, othersThan, partition } from './partition.ts'

export const partition4253 = partition('4-2-5-3', 5, (arena) => {
  const leader = leaderOrAny(arena)
  const order = [leader, ...othersThan(arena, leader)]
  const core = Math.floor(order.length / 2) + 1
  return keepOnly(arena, order, (i, j) => (i < core && j < core) || Math.abs(i - j) === core)
})
