/** Kills processes and starts them again: one, a minority, all; also in the middle of their outputs. */
import type { Arena, Nemesis } from '../arena.ts'
import type { Process } from '../process.ts'

/** Processes that may be killed. Without a disk, a majority must be left that remembers: what it forgot is gone. */
function victims({ processes, durable, chooser }: Arena, most: number): Process[] {
  const alive = chooser.shuffle(processes.filter((process) => process.alive && !process.doomed))
  if (durable) return alive.slice(0, most)
  const remembering = processes.filter(
    ({ node, doomed }) => !doomed && (node?.memory === 'blank' || node?.memory === 'kept'),
  )
  const spare = remembering.length - (Math.floor(processes.length / 2) + 1)
  return alive.filter((process) => remembering.includes(process)).slice(0, Math.min(most, spare))
}

function kill(arena: Arena, most: number): (() => void) | null {
  const killed = victims(arena, most)
  if (killed.length === 0) return null
  for (const process of killed) {
    if (arena.chooser.chance(0.5)) process.crash()
    else process.crashSoon(arena.chooser.below(6))
  }
  return () => {
    for (const process of killed) {
      process.crash()
      process.boot()
    }
  }
}

/** Restarts processes at once, again and again: they are back before anyone has missed them. */
function bounce(arena: Arena): (() => void) | null {
  const { world, chooser } = arena
  let on = true
  const again = () => {
    if (!on) return
    for (const process of victims(arena, 1)) {
      process.crash()
      world.after(chooser.between(0, 20), () => {
        if (!process.alive) process.boot()
      })
    }
    world.after(chooser.between(20, 600), again)
  }
  again()
  return () => {
    on = false
  }
}

export const crashes: readonly Nemesis[] = [
  { name: 'crash-one', strike: (arena) => kill(arena, 1) },
  { name: 'crash-minority', strike: (arena) => kill(arena, Math.floor((arena.cluster.size - 1) / 2)) },
  { name: 'crash-all', strike: (arena) => (arena.durable ? kill(arena, arena.cluster.size) : null) },
  { name: 'restart-loop', strike: bounce },
]
