/** Stops a node's clock, while its alarms still ring; then it goes on from there, or jumps to where it would be. */
import type { Nemesis } from '../arena.ts'

export const clockFreeze: Nemesis = {
  name: 'clock-freeze',
  strike({ chooser, processes }) {
    const process = chooser.pick(processes)
    if (process.clockStands !== null) return null
    const stands = process.clock
    process.clockStands = stands
    return () => {
      if (chooser.chance(0.5)) process.clockSkew -= process.clock - stands
      process.clockStands = null
    }
  },
}
