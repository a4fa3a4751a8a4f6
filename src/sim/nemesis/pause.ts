/** Stops a process for longer than an election takes, and lets it go on with what it believed then. */
import type { Nemesis } from '../arena.ts'

export const pause: Nemesis = {
  name: 'pause',
  strike({ chooser, processes }) {
    const process = chooser.pick(processes)
    if (!process.alive || process.paused) return null
    process.pause()
    return () => process.resume()
  },
}
