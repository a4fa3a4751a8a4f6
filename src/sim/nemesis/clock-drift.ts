/** Lets a node's clock run fast or slow. */
import type { Nemesis } from '../arena.ts'

export const clockDrift: Nemesis = {
  name: 'clock-drift',
  strike({ chooser, processes, world }) {
    const process = chooser.pick(processes)
    if (process.clockRate !== 1) return null
    drift(process, chooser.between(0.5, 2), world.now)
    return () => drift(process, 1, world.now)
  },
}

/** Changes the rate without a jump. */
function drift(process: { clockRate: number; clockSkew: number }, rate: number, now: number): void {
  process.clockSkew += now * (process.clockRate - rate)
  process.clockRate = rate
}
