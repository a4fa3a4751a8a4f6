/** Replaces the disk of a node by an empty one; a majority that remembers must be left. */
import type { Nemesis } from '../arena.ts'

export const wipe: Nemesis = {
  name: 'wipe',
  strike({ chooser, processes, durable }) {
    if (!durable) return null
    const remembering = processes.filter(
      ({ node, doomed }) => !doomed && (node?.memory === 'blank' || node?.memory === 'kept'),
    )
    if (remembering.length <= Math.floor(processes.length / 2) + 1) return null
    const process = chooser.pick(remembering)
    process.crash()
    process.disk.wipe()
    return () => {
      if (!process.alive) process.boot()
    }
  },
}
