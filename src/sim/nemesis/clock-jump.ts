/** Lets a node's clock jump ahead. */
import type { Nemesis } from '../arena.ts'

export const clockJump: Nemesis = {
  name: 'clock-jump',
  strike({ chooser, processes }) {
    chooser.pick(processes).clockSkew += chooser.between(100, 5000)
    return () => {}
  },
}
