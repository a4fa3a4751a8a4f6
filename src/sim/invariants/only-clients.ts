/** Only what a client asked for is executed, and no write twice; the rest are no-ops. */
import { Op } from '../../command.ts'
import type { Arena, Invariant } from '../arena.ts'
import { Placement } from './placed.ts'

export function onlyClients(): Invariant {
  const placement = new Placement()
  /** Where each write took effect: clients write each value once. */
  const places = new Map<string, string>()
  return {
    name: 'only clients',
    afterStep(arena: Arena) {
      const { issued, keys } = arena.clients
      for (const { op, key, value, where } of placement.look(arena)) {
        const asked = op === Op.put ? issued.get(value) === key : op === Op.open || keys.has(key)
        if (!asked) return `no client asked for what stands in ${where}: operation ${op} of key ${key}, "${value}"`
        if (op !== Op.put) continue
        const other = places.get(value)
        if (other !== undefined) return `${value} stands in ${other} and in ${where}`
        places.set(value, where)
      }
      return null
    },
  }
}
