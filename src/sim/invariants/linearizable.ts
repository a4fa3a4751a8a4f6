/** The history of the clients is linearizable; so no acknowledged write is lost and no refused one applied. */
import { checkHistory, explain, register } from '../../checker/index.ts'
import type { Arena, Invariant } from '../arena.ts'

/** Far more than an honest history of a run takes. */
const STEPS = 20_000_000

export function linearizable(): Invariant {
  return {
    name: 'linearizable',
    atEnd({ clients }: Arena) {
      const verdict = checkHistory(clients.history, register(), { steps: STEPS })
      return verdict.verdict === 'linearizable' ? null : explain(verdict, 'time').join('\n')
    },
  }
}
