/**
 * Where commands took effect: each one as it is first seen in an executed slot, or the value that it wrote in a register.
 */
import { type Command, callOf, conditionOf, Op } from '../../command.ts'
import type { NodeId } from '../../node-id.ts'
import type { Arena } from '../arena.ts'
import type { Process } from '../process.ts'
import { holdsRegisters } from './registers.ts'
import { slotted } from './slotted.ts'

const decoder = new TextDecoder()

export interface Placed {
  readonly op: number
  readonly key: string
  /** The value as text, also of a write in a session; null where none is written. */
  readonly value: string | null
  /** `slot 7`, or `a register of 1.2`. */
  readonly where: string
}

export class Placement {
  /** All slots below were looked at, or were truncated when they could first be. */
  #slot = 0
  readonly #hashes = new Map<NodeId, number>()
  /** Key and value of what registers have held. */
  readonly #held = new Set<string>()

  /** What has taken effect since the last call. */
  look({ processes, clients }: Pick<Arena, 'processes' | 'clients'>): Placed[] {
    const found: Placed[] = []
    for (const process of processes) {
      const log = slotted(process)?.log
      if (log) {
        for (; this.#slot < log.executed; this.#slot++) {
          const where = slotName(this.#slot)
          for (const command of log.get(this.#slot)?.commands ?? []) found.push(placed(command, where))
        }
      } else if (holdsRegisters(process)) this.#registers(process, clients.keys, found)
    }
    return found
  }

  #registers({ id, store }: Process, keys: Iterable<string>, found: Placed[]): void {
    const hash = store!.hash()
    if (this.#hashes.get(id) === hash) return
    this.#hashes.set(id, hash)
    for (const key of keys) {
      const { value } = store!.get(key)
      if (!value) continue
      const put = placed({ op: Op.put, key, value }, `a register of ${id.name}`)
      if (this.#held.has(`${key} ${put.value}`)) continue
      this.#held.add(`${key} ${put.value}`)
      found.push(put)
    }
  }
}

/** How a place in a log is called. */
export function slotName(slot: number): string {
  return `slot ${slot}`
}

function placed(command: Pick<Command, 'op' | 'key' | 'value'>, where: string): Placed {
  const { op, key } = command
  const value = op === Op.put ? command.value : op === Op.inSession ? writtenBy(command) : null
  return { op, key, value: value && decoder.decode(value), where }
}

/** What a command in a session writes, if anything. */
function writtenBy(command: Pick<Command, 'op' | 'key' | 'value'>): Uint8Array | null {
  const write = callOf(command)?.command
  if (write?.op === Op.put) return write.value
  return write?.op === Op.compareAndSet ? (conditionOf(write)?.value ?? null) : null
}
