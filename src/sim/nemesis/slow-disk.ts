/** A disk takes long: what rests on it is said late, and the others must not wait for it. */
import type { Nemesis } from '../arena.ts'

export const slowDisk: Nemesis = {
  name: 'slow-disk',
  applies: ({ durable }) => durable,
  strike({ chooser, processes, durable }) {
    if (!durable) return null
    const { disk } = chooser.pick(processes)
    const lag = chooser.between(5, chooser.pick([50, 300, 1000]))
    disk.lagMs += lag
    return () => {
      disk.lagMs -= lag
    }
  },
}
