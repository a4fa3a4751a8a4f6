/** Restarts processes at once, again and again: they are back before anyone has missed them. */
import type { Nemesis } from '../arena.ts'
import { mayForget, victims } from './kill.ts'

export const restartLoop: Nemesis = {
  name: 'restart-loop',
  applies: (arena) => arena.durable || mayForget(arena),
  strike(arena) {
    const { world, chooser, processes } = arena
    let on = true
    const again = (): boolean => {
      if (!on) return false
      const killed = victims(arena, 1)
      for (const process of killed) {
        // Now and then another hears nothing meanwhile, and then the words of both lives at once.
        const listener = chooser.pick(processes)
        const deaf = listener !== process && listener.alive && !listener.paused && chooser.chance(0.3)
        if (deaf) listener.pause()
        process.crash()
        const gap = chooser.between(0, 20)
        world.after(gap, () => {
          if (!process.alive) process.boot()
        })
        if (deaf) world.after(gap + chooser.between(0, 20), () => listener.resume())
      }
      world.after(chooser.between(20, 600), again)
      return killed.length > 0
    }
    if (!again()) {
      on = false
      return null
    }
    return () => {
      on = false
    }
  },
}
