/** Only one node reaches the others: it alone can gather a quorum, whoever leads. */
import { keepOnly, partition } from './partition.ts'

export const partitionStar = partition('star', 3, (arena) =>
  keepOnly(arena, arena.chooser.shuffle(arena.cluster.members), (i, j) => i === 0 || j === 0),
)
