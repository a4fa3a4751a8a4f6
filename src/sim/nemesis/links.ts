/** What faults of single links share: some links are drawn, one direction each. */
import type { NodeId } from '../../node-id.ts'
import type { Arena } from '../arena.ts'
import type { Undo } from './partition.ts'

/** Does something to each link with this probability; gives the ways to undo it. */
export function onLinks(
  { cluster, chooser }: Arena,
  probability: number,
  lay: (from: NodeId, to: NodeId) => () => void,
): Undo {
  return cluster.members.flatMap((from) =>
    cluster.members.flatMap((to) => (from !== to && chooser.chance(probability) ? [lay(from, to)] : [])),
  )
}
