/** What was definitely refused is applied nowhere: neither before the client heard so nor ever after. */
import { Op } from '../../command.ts'
import type { Arena, Invariant } from '../arena.ts'
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
      for (const { op, value, where } of placement.look(arena)) {
        if (op !== Op.put) continue
        if (refused.has(value)) return complaint(value, where)
        places.set(value, where)
      }
      if (refused.size === heard) return null
      heard = refused.size
      return among(refused, places)
    },
    atEnd({ clients }: Arena) {
      const read = new Set(clients.history.map(({ output }) => String(output)))
      for (const value of clients.refused) if (read.has(value)) return complaint(value, 'what a client read')
      return among(clients.refused, places)
    },
  }
}

function among(refused: ReadonlySet<string>, places: ReadonlyMap<string, string>): string | null {
  for (const value of refused) {
    const where = places.get(value)
    if (where !== undefined) return complaint(value, where)
  }
  return null
}

function complaint(value: string, where: string): string {
  return `${value} was definitely refused, and stands in ${where}`
}
