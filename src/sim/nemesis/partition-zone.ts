/** Cuts off a zone. */
import type { Nemesis } from '../arena.ts'
import { all, cutBetween } from './partition.ts'

export const partitionZone: Nemesis = {
  name: 'partition-zone',
  applies: ({ cluster }) => cluster.zones.size > 1,
  strike(arena) {
    if (arena.cluster.zones.size === 1) return null
    const zone = arena.chooser.pick([...arena.cluster.zones.values()])
    const others = arena.cluster.members.filter((id) => !zone.includes(id))
    return all(cutBetween(arena, zone, others, 'both'))
  },
}
