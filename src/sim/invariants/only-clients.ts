/**
 * Only what a client asked for is executed, and no write twice; the rest are no-ops. A write stands in the slot that its
 * client was told.
 */
import { Op } from '../../command.ts'
import type { Arena, Invariant } from '../arena.ts'
import type { Testimony } from '../clients.ts'
import { writeOf } from '../writes.ts'
import { Placement, slotName } from './placed.ts'

/** The operations that write nothing of their own: a delete in a session is one of them. */
const PLAIN: ReadonlySet<number> = new Set([Op.get, Op.delete, Op.open, Op.inSession])

export function onlyClients(): Invariant {
  const placement = new Placement()
  /** Where each write took effect. */
  const places = new Map<string, string>()
  /** How much of what was acknowledged was looked at. */
  let heard = 0

  /** A write that was acknowledged since the last call, and stands elsewhere than its client was told; as a sentence. */
  function misplaced({ acknowledged }: Testimony): string | null {
    for (; heard < acknowledged.length; heard++) {
      const { key, value, previous, position } = acknowledged[heard]!
      if (previous === undefined || value === null || !position) continue
      // Not known of writes in sessions, whose retries stand in slots of their own, and of what was truncated at once.
      const where = places.get(writeOf(key, value))
      const told = slotName(position.slot)
      if (where !== undefined && where !== told)
        return `${writeOf(key, value)} stands in ${where}, its client was told ${told}`
    }
    return null
  }

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
      return misplaced(arena.clients)
    },
  }
}
