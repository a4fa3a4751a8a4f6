/** Makes some links so slow that their messages arrive when the world has moved on. */
import type { Nemesis } from '../arena.ts'

export const slowLink: Nemesis = {
  name: 'slow-link',
  strike({ chooser, cluster, network }) {
    if (cluster.size === 1) return null
    for (const from of cluster.members) {
      for (const to of cluster.members) {
        if (from !== to && chooser.chance(0.3))
          network.slow(from, to, chooser.between(5, chooser.pick([50, 500, 2000])))
      }
    }
    return () => network.hurry()
  },
}

/** Delivers again what was delivered before: the same bytes, later, out of order. */
export const replay: Nemesis = {
  name: 'replay',
  strike({ chooser, cluster, network }) {
    if (cluster.size === 1) return null
    network.replayed = chooser.between(0.02, 0.3)
    return () => {
      network.replayed = 0
    }
  },
}

/** Makes some links lose most of what they carry, so that votes of many ballots stand side by side. */
export const lossyLink: Nemesis = {
  name: 'lossy-link',
  strike({ chooser, cluster, network }) {
    if (cluster.size === 1) return null
    for (const from of cluster.members) {
      for (const to of cluster.members) {
        if (from !== to && chooser.chance(0.5)) network.lose(from, to, chooser.between(0.3, 0.95))
      }
    }
    return () => network.loseNone()
  },
}
