/**
 * What faults that kill processes share: whom they may kill. What a majority has forgotten is gone, so of nodes that lose
 * their memory a majority that remembers must be left.
 */
import type { Arena } from '../arena.ts'
import type { Process } from '../process.ts'

/** Processes that remember, and are not about to die. */
export function remembering({ processes }: Arena): Process[] {
  return processes.filter(({ remembers, doomed }) => !doomed && remembers)
}

/** How many more may forget now. */
export function spare(arena: Arena): number {
  return remembering(arena).length - (Math.floor(arena.cluster.size / 2) + 1)
}

/** Whether a node may ever forget in this run; where it then abstains for good, whether one more may. */
export function mayForget(arena: Arena): boolean {
  return arena.protocol.abstains === true ? spare(arena) > 0 : arena.cluster.size > 2
}

/** At most so many processes that may be killed. */
export function victims(arena: Arena, most: number): Process[] {
  const alive = arena.chooser.shuffle(arena.processes.filter((process) => process.alive && !process.doomed))
  if (arena.durable) return alive.slice(0, most)
  const able = remembering(arena)
  return alive.filter((process) => able.includes(process)).slice(0, Math.max(0, Math.min(most, spare(arena))))
}

/** Kills at most so many, some of them in the middle of their outputs; they start again when it is undone. */
export function kill(arena: Arena, most: number): (() => void) | null {
  const killed = victims(arena, most)
  if (killed.length === 0) return null
  for (const process of killed) {
    if (arena.chooser.chance(0.5)) process.crash()
    else process.crashSoon(arena.chooser.below(6))
  }
  return () => {
    for (const process of killed) revive(process)
  }
}

/** Ends what a fault has begun to end, and starts what is dead. */
export function revive(process: Process): void {
  if (process.doomed) process.crash()
  if (!process.alive) process.boot()
}
