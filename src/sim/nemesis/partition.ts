/** What partitions share: cutting between two sides, keeping only some links, and finding the leader. */
import type { NodeId } from '../../node-id.ts'
import type { Arena, Nemesis } from '../arena.ts'

/** The ways to undo what was done. */
export type Undo = readonly (() => void)[]

/** A nemesis that cuts links, in clusters of at least so many nodes. */
export function partition(name: string, least: number, cut: (arena: Arena) => Undo): Nemesis {
  return {
    name: `partition-${name}`,
    applies: ({ cluster }) => cluster.size >= least,
    strike: (arena) => (arena.cluster.size < least ? null : all(cut(arena))),
  }
}

/** One way to undo all. */
export function all(undo: Undo): () => void {
  return () => {
    for (const each of undo) each()
  }
}

/** Cuts between two sides: what one of them sends (`out`), what it receives (`in`), or both. */
export function cutBetween(
  { network }: Arena,
  side: readonly NodeId[],
  other: readonly NodeId[],
  directions: 'both' | 'out' | 'in',
): Undo {
  return side.flatMap((a) =>
    other.flatMap((b) => [
      ...(directions === 'in' ? [] : [network.cut(a, b)]),
      ...(directions === 'out' ? [] : [network.cut(b, a)]),
    ]),
  )
}

/** Cuts every link between two nodes, by their places in `order`, that `joined` does not keep. */
export function keepOnly(
  { network }: Arena,
  order: readonly NodeId[],
  joined: (i: number, j: number) => boolean,
): Undo {
  return order.flatMap((a, i) => order.flatMap((b, j) => (i === j || joined(i, j) ? [] : [network.cut(a, b)])))
}

/** Who leads by the highest ballot; where nobody does, or the protocol has no leader, anyone. */
export function leaderOrAny({ processes, chooser, cluster }: Arena): NodeId {
  let leader: NodeId | null = null
  let highest = -1
  for (const { replica, id } of processes) {
    const status = replica?.status()
    if (status?.leader !== id || status.ballot <= highest) continue
    leader = id
    highest = status.ballot
  }
  return leader ?? chooser.pick(cluster.members)
}

/** All members but one, in random order. */
export function othersThan({ cluster, chooser }: Arena, id: NodeId): NodeId[] {
  return chooser.shuffle(cluster.members.filter((member) => member !== id))
}

/** How many members a minority has at most. */
export function minority({ cluster }: Arena): number {
  return Math.floor((cluster.size - 1) / 2)
}
