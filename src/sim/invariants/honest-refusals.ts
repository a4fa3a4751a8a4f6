/** What was definitely refused is applied nowhere: neither before the client heard so nor ever after. */
import { Op } from '../../command.ts'
import type { Arena, Invariant } from '../arena.ts'
import { writeOf } from '../writes.ts'
import { Placement } from './placed.ts'

export function honestRefusals(): Invariant {
  const placement = new Placement()
  const places = new Map<string, string>()
  /** How many refusals were looked at. */
  let heard = 0
  return {
    name: 'honest refusals',
    afterStep(arena: Arena) {
      const { refused } = arena.clients
      for (const { op, key, value, where } of placement.look(arena)) {
        if (op !== Op.put || value === null) continue
        const write = writeOf(key, value)
        if (refused.has(write)) return complaint(write, where)
        places.set(write, where)
      }
      if (refused.size === heard) return null
      heard = refused.size
      return among(refused, places)
    },
    atEnd({ clients }: Arena) {
      for (const { key, output } of clients.history) {
        const read = typeof output === 'string' ? writeOf(key, output) : null
        if (read !== null && clients.refused.has(read)) return complaint(read, 'what a client read')
      }
      return among(clients.refused, places)
    },
  }
}

function among(refused: ReadonlySet<string>, places: ReadonlyMap<string, string>): string | null {
  for (const write of refused) {
    const where = places.get(write)
    if (where !== undefined) return complaint(write, where)
  }
  return null
}

function complaint(write: string, where: string): string {
  return `${write} was definitely refused, and stands in ${where}`
}
