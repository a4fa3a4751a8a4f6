/** Only what a client asked for is executed, and no write twice; the rest are no-ops. */
import { Op } from '../../command.ts'
import type { Arena, Invariant } from '../arena.ts'
import { writeOf } from '../writes.ts'
import { Placement } from './placed.ts'

/** The operations that write nothing of their own: a delete in a session is one of them. */
const PLAIN: ReadonlySet<number> = new Set([Op.get, Op.delete, Op.open, Op.inSession])

export function onlyClients(): Invariant {
  const placement = new Placement()
  /** Where each write took effect. */
  const places = new Map<string, string>()
  return {
    name: 'only clients',
    afterStep(arena: Arena) {
      const { issued, keys } = arena.clients
      for (const { op, key, value, where } of placement.look(arena)) {
        const write = value === null ? null : writeOf(key, value)
        const asked = write !== null ? issued.has(write) : PLAIN.has(op) && (op === Op.open || keys.has(key))
        if (!asked)
          return `no client asked for what stands in ${where}: operation ${op} of key ${key}, "${value ?? ''}"`
        if (op !== Op.put || write === null) continue
        const other = places.get(write)
        if (other !== undefined) return `${write} stands in ${other} and in ${where}`
        places.set(write, where)
      }
      return null
    },
  }
}
