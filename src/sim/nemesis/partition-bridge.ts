/** Two halves that reach each other only through one node, which belongs to both (Jepsen calls it so, too). */
import { keepOnly, partition } from './partition.ts'

export const partitionBridge = partition('bridge', 3, (arena) => {
  const half = 1 + (arena.cluster.size - 1) / 2
  const order = arena.chooser.shuffle(arena.cluster.members)
  return keepOnly(arena, order, (i, j) => i === 0 || j === 0 || i < half === j < half)
})
