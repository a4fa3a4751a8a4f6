/**
 * The leader and one other node lose each other, and both reach all the rest. In November 2020 a switch did this to three
 * etcd nodes at Cloudflare: the node that missed its leader campaigned through the third one, won, and was then missed by
 * the old leader, so that leaders changed for hours ("A Byzantine failure in the real world", Cloudflare's blog, 2020).
 */
import { cutBetween, leaderOrAny, othersThan, partition } from './partition.ts'

export const partitionCloudflare = partition('cloudflare', 3, (arena) => {
  const leader = leaderOrAny(arena)
  return cutBetween(arena, [leader], othersThan(arena, leader).slice(0, 1), 'both')
})
