/**
 * Cuts the leader off, or makes its links slow, and lets another node campaign at once: for a while two nodes take
 * themselves for the leader, and both have clients.
 */
import type { NodeId } from '../../node-id.ts'
import type { Arena, Nemesis } from '../arena.ts'
import { all, cutBetween, leaderOrAny, othersThan, type Undo } from './partition.ts'
import { campaigner } from './usurp.ts'

/** Until the old leader's words that are on their way have arrived. */
const HEAD_START_MS = 5

export const coup: Nemesis = {
  name: 'coup',
  applies: ({ cluster, processes }) => cluster.size > 2 && processes.some(({ replica }) => campaigner(replica)),
  strike(arena) {
    const { chooser, world, processes, cluster } = arena
    if (cluster.size < 3) return null
    const old = leaderOrAny(arena)
    const others = othersThan(arena, old)
    const { node, replica, paused } = processes[others[0]!.index]!
    if (!node?.memory || paused || !campaigner(replica)?.voting) return null
    const fate = chooser.pick(['both', 'out', 'in', 'slow', 'slow'] as const)
    const undo = fate === 'slow' ? slowDown(arena, old, others) : cutBetween(arena, [old], others, fate)
    world.after(HEAD_START_MS, () => {
      node.setTimer(0, () => {
        const able = campaigner(replica)
        if (able?.voting) able.election.campaign(able.promised)
      })
    })
    return all(undo)
  },
}

/** What the old leader hears is late, and what it says a little. */
function slowDown({ network, chooser }: Arena, old: NodeId, others: readonly NodeId[]): Undo {
  const most = chooser.pick([30, 300])
  return others.flatMap((other) => [network.slow(other, old, most), network.slow(old, other, most / 10)])
}
