/**
 * Agreement: no two values for one slot, or for one tag of a register; and no write in two slots, or in one although it
 * was definitely refused.
 */
import { type Command, Op } from '../../command.ts'
import type { Arena, Invariant } from '../arena.ts'
import { holdsRegisters, Registers } from './registers.ts'
import { slotted } from './slotted.ts'

const decoder = new TextDecoder()

export function agreement(): Invariant {
  const chosen = new Map<number, string>()
  const registers = new Registers()
  /** Where each write stands: clients write each value once. */
  const placed = new Map<string, number>()
  /** Per process, the life it was in and the slot up to which it was looked at. */
  const looked = new Map<number, { life: number; slot: number }>()
  return {
    name: 'agreement',
    afterStep({ processes, clients }: Arena) {
      for (const process of processes) {
        if (holdsRegisters(process)) {
          const fault = registers.hear(clients) ?? registers.look(process, clients.keys)
          if (fault) return fault
          continue
        }
        const replica = slotted(process)
        if (!replica) continue
        const { executed, floor } = replica.log
        let seen = looked.get(process.id.index)
        if (!seen || seen.life !== process.life) looked.set(process.id.index, (seen = { life: process.life, slot: 0 }))
        for (let slot = Math.max(seen.slot, floor); slot < executed; slot++) {
          const value = text(replica.log.get(slot)?.commands)
          const other = chosen.get(slot)
          if (other === undefined) {
            chosen.set(slot, value)
            for (const { op, value } of replica.log.get(slot)?.commands ?? []) {
              if (op !== Op.put) continue
              const text = decoder.decode(value)
              if (placed.has(text)) return `${text} stands in slot ${placed.get(text)} and in slot ${slot}`
              placed.set(text, slot)
            }
          } else if (other !== value) return `slot ${slot}: ${process.id.name} executed [${value}], others [${other}]`
        }
        seen.slot = Math.max(seen.slot, executed)
      }
      return null
    },
    atEnd({ clients }: Arena) {
      for (const { input, outcome } of clients.history) {
        const slot = outcome === 'failed' && input !== null ? placed.get(String(input)) : undefined
        if (slot !== undefined) return `${String(input)} was definitely refused, and stands in slot ${slot}`
      }
      return null
    },
  }
}

function text(commands: readonly Command[] | undefined): string {
  if (!commands) return 'nothing'
  return commands.map(({ op, key, value }) => `${op}:${key}=${decoder.decode(value)}`).join(' ')
}
