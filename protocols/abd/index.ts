/** ABD, for `-algorithm abd`. */
import { defineProtocol, majority } from '#core'
import { Abd } from './abd.ts'
import { meanings, type Options, options } from './options.ts'

export default defineProtocol<Options>({
  name: 'abd',
  paper: 'Attiya, Bar-Noy, Dolev, Sharing Memory Robustly in Message-Passing Systems, 1995; Lynch & Shvartsman, 1997',
  consistency: 'linearizable',
  sessions: 'none',
  compareAndSet: false,
  abstains: true,
  options,
  meanings,
  // Seldom repeated, so that values stay half written for long.
  simulated: () => [{}, { retry_ms: 10, retries: 1 }, { retry_ms: 1000 }],
  progress: (alive, { cluster }) => {
    const { phase1, phase2 } = majority(cluster)
    return phase1.includes(alive) && phase2.includes(alive)
  },
  create: (node, given) => new Abd(node, given),
})
