/** Cuts the network: halves, one node alone, the leader alone, one direction only, a star, a chain. */
import type { NodeId } from '../../node-id.ts'
import type { Arena, Nemesis } from '../arena.ts'

function cutBetween(
  { network }: Arena,
  side: readonly NodeId[],
  other: readonly NodeId[],
  directions: 'both' | 'out' | 'in',
) {
  for (const a of side) {
    for (const b of other) {
      if (directions !== 'in') network.cut(a, b)
      if (directions !== 'out') network.cut(b, a)
    }
  }
}

/** Cuts every link between two nodes that `joined` does not keep. */
function keepOnly({ network, cluster }: Arena, joined: (a: number, b: number) => boolean, order: readonly NodeId[]) {
  for (let i = 0; i < cluster.size; i++) {
    for (let j = 0; j < cluster.size; j++) {
      if (i !== j && !joined(i, j)) network.cut(order[i]!, order[j]!)
    }
  }
}

function leaderOf({ processes }: Arena): NodeId | null {
  for (const { replica, id } of processes) if (replica?.status().leader === id) return id
  return null
}

type Shape = (arena: Arena) => void

const SHAPES: Readonly<Record<string, Shape>> = {
  halves: (arena) => {
    const order = arena.chooser.shuffle(arena.cluster.members)
    const size = 1 + arena.chooser.below(order.length - 1)
    cutBetween(arena, order.slice(0, size), order.slice(size), 'both')
  },
  leader: (arena) => {
    const target = leaderOf(arena) ?? arena.chooser.pick(arena.cluster.members)
    const others = arena.cluster.members.filter((id) => id !== target)
    cutBetween(arena, [target], others, arena.chooser.pick(['both', 'out', 'in'] as const))
  },
  zone: (arena) => {
    const zone = arena.chooser.pick([...arena.cluster.zones.values()])
    const others = arena.cluster.members.filter((id) => !zone.includes(id))
    cutBetween(arena, zone, others, 'both')
  },
  star: (arena) => keepOnly(arena, (i, j) => i === 0 || j === 0, arena.chooser.shuffle(arena.cluster.members)),
  chain: (arena) => keepOnly(arena, (i, j) => Math.abs(i - j) === 1, arena.chooser.shuffle(arena.cluster.members)),
  pair: (arena) => {
    const [a, b] = arena.chooser.shuffle(arena.cluster.members)
    if (a && b) cutBetween(arena, [a], [b], arena.chooser.pick(['both', 'out'] as const))
  },
}

/** One nemesis per shape. */
export const partitions: readonly Nemesis[] = Object.entries(SHAPES).map(([shape, cut]) => ({
  name: `partition-${shape}`,
  strike(arena) {
    if (arena.cluster.size === 1) return null
    cut(arena)
    return () => arena.network.heal()
  },
}))
