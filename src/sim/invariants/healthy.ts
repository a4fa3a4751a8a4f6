/** No node stops by a defect, and none sends bytes that are no message. */
import type { Arena, Invariant } from '../arena.ts'

export function healthy(): Invariant {
  return {
    name: 'no defect',
    afterStep({ processes }: Arena) {
      for (const { id, failure } of processes) {
        if (failure)
          return `${id.name}: ${failure instanceof Error ? (failure.stack ?? failure.message) : String(failure)}`
      }
      return null
    },
  }
}
