/** Lets nodes campaign again and again while the leader lives: legal at any time, and what phase 1 is for. */
import type { Replica } from '../../replica.ts'
import type { Nemesis } from '../arena.ts'

interface Campaigner {
  readonly voting: boolean
  readonly promised: number
  readonly election: { campaign(highest: number): void }
}

/** The replica, if it can be told to campaign. */
export function campaigner(replica: Replica | null): Campaigner | null {
  return replica && 'election' in replica && 'voting' in replica ? (replica as unknown as Campaigner) : null
}

export const usurp: Nemesis = {
  name: 'usurp',
  applies: ({ processes }) => processes.some(({ replica }) => campaigner(replica)),
  strike({ chooser, processes, world }) {
    if (!processes.some(({ replica }) => campaigner(replica))) return null
    let on = true
    // Around a round trip, or slow enough for something to be decided in between.
    const most = chooser.pick([3, 30, 300])
    const again = () => {
      if (!on) return
      const { node, replica, paused } = chooser.pick(processes)
      // While it is paused campaigns would gather, thousands of them, which no real timer does.
      if (node?.memory && !paused) {
        node.setTimer(0, () => {
          const able = campaigner(replica)
          if (able?.voting) able.election.campaign(able.promised)
        })
      }
      world.after(chooser.between(0.5, most), again)
    }
    again()
    return () => {
      on = false
    }
  },
}
