/** A node whose turns begin late: what is for it gathers, and the others must not wait for it. */
import type { Nemesis } from '../arena.ts'

export const slowPeer: Nemesis = {
  name: 'slow-peer',
  strike({ chooser, processes }) {
    const process = chooser.pick(processes)
    const lag = chooser.between(2, chooser.pick([20, 100, 400]))
    process.lagMs += lag
    return () => {
      process.lagMs -= lag
    }
  },
}
