/**
 * Lets a node open a ballot and kills it before all have heard of it; it starts again while what it said is on its way.
 * What the dead life promised, itself and to others, must not come into conflict with what the next one does.
 */
import type { Nemesis } from '../arena.ts'
import { mayForget, revive, victims } from './kill.ts'
import { campaigner } from './usurp.ts'

export const halfCampaign: Nemesis = {
  name: 'half-campaign',
  applies: (arena) => (arena.durable || mayForget(arena)) && arena.processes.some(({ replica }) => campaigner(replica)),
  strike(arena) {
    const { world, chooser, cluster } = arena
    const able = () => {
      const candidates = victims(arena, cluster.size)
      return candidates.filter(({ replica, node, paused }) => node?.memory && !paused && campaigner(replica)?.voting)
    }
    const [victim] = able()
    if (!victim) return null
    let on = true
    const again = () => {
      if (!on) return
      if (!victim.alive) victim.boot()
      victim.node?.setTimer(0, () => {
        // Another fault may have taken its place among those that may die.
        if (!on || !able().includes(victim)) return
        const candidate = campaigner(victim.replica)!
        candidate.election.campaign(candidate.promised)
        victim.crashSoon(chooser.below(cluster.size))
      })
      world.after(chooser.between(5, 100), again)
    }
    again()
    return () => {
      on = false
      revive(victim)
    }
  },
}
