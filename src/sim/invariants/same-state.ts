/** Equal executed prefix, equal state. */
import type { Arena, Invariant } from '../arena.ts'

export function sameState(): Invariant {
  const states = new Map<number, number>()
  return {
    name: 'same state',
    afterStep({ processes }: Arena) {
      for (const { id, replica, store } of processes) {
        if (!replica || !store) continue
        const { executed } = replica.status()
        if (executed === null) continue
        const hash = store.hash()
        const known = states.get(executed)
        if (known === undefined) states.set(executed, hash)
        else if (known !== hash)
          return `${id.name} has executed ${executed} slots and has another state than others had`
      }
      return null
    },
  }
}
