/** Agreement: no two values for one slot, or for one tag of a register. */
import type { Command } from '../../command.ts'
import type { Arena, Invariant } from '../arena.ts'
import { holdsRegisters, Registers } from './registers.ts'
import { slotted } from './slotted.ts'

const decoder = new TextDecoder()

export function agreement(): Invariant {
  const chosen = new Map<number, string>()
  const registers = new Registers()
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
          if (other === undefined) chosen.set(slot, value)
          else if (other !== value) return `slot ${slot}: ${process.id.name} executed [${value}], others [${other}]`
        }
        seen.slot = Math.max(seen.slot, executed)
      }
      return null
    },
  }
}

function text(commands: readonly Command[] | undefined): string {
  if (!commands) return 'nothing'
  return commands.map(({ op, key, value }) => `${op}:${key}=${decoder.decode(value)}`).join(' ')
}
