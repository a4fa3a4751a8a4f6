/**
 * Takes the disk of a node, and kills the node again while it is on its way back, or in the very turn in which it has its
 * memory back: of that turn's records any prefix is left.
 */
import type { Nemesis } from '../arena.ts'
import { mayForget, revive, spare, victims } from './kill.ts'

export const relapse: Nemesis = {
  name: 'relapse',
  applies: (arena) => arena.durable && mayForget(arena),
  strike(arena) {
    const { world, chooser } = arena
    const victim = spare(arena) > 0 ? victims(arena, arena.processes.length)[0] : undefined
    if (!arena.durable || !victim) return null
    victim.crash()
    victim.disk.wipe()
    let on = true
    const again = () => {
      if (!on) return
      if (!victim.alive) {
        victim.boot()
        const { node } = victim
        const regain = node!.regain.bind(node)
        node!.regain = () => {
          regain()
          if (on) victim.crashSoon(chooser.below(2))
        }
      } else if (victim.node?.memory === 'lost' && !victim.doomed && chooser.chance(0.3)) victim.crash()
      world.after(chooser.between(5, 200), again)
    }
    again()
    return () => {
      on = false
      revive(victim)
    }
  },
}
