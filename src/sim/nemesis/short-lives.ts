/**
 * Restarts one node again and again while its links are slow: its lives are about as short as a round trip, so what others
 * say to it is mostly meant for a life that is over. Where only one link is slow, the others help it to be back before that.
 */
import type { Nemesis } from '../arena.ts'
import { mayForget, victims } from './kill.ts'
import { all } from './partition.ts'

export const shortLives: Nemesis = {
  name: 'short-lives',
  applies: (arena) => arena.cluster.size > 1 && (arena.durable || mayForget(arena)),
  strike(arena) {
    const { world, chooser, network, cluster } = arena
    const [victim] = victims(arena, 1)
    if (!victim || cluster.size === 1) return null
    const slowest = chooser.pick([20, 100, 300])
    const others = cluster.members.filter((member) => member !== victim.id)
    const slowed = chooser.chance(0.5) ? others : [chooser.pick(others)]
    const undo = slowed.flatMap((other) => [
      network.slow(victim.id, other, chooser.between(1, slowest)),
      network.slow(other, victim.id, chooser.between(1, slowest)),
    ])
    let on = true
    const again = () => {
      if (!on || !victims(arena, cluster.size).includes(victim)) return
      victim.crash()
      world.after(chooser.between(0, 20), () => {
        if (!victim.alive) victim.boot()
      })
      world.after(chooser.between(20, 3 * slowest), again)
    }
    again()
    undo.push(() => {
      on = false
    })
    return all(undo)
  },
}
