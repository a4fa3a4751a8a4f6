/** What becomes of processes, in words: who leads, who is down, what was executed. */
import type { Format } from './format.ts'
import { slotted } from './invariants/slotted.ts'
import type { Process } from './process.ts'

/** What a process was when it was looked at last. */
interface Look {
  readonly role: string
  readonly executed: number
  readonly life: number
}

/** Remembers what each process was. */
export class Looks {
  readonly #format: Format
  readonly #looks = new Map<Process, Look>()

  constructor(format: Format) {
    this.#format = format
  }

  /** What has changed in a process since the last call; one line each. */
  changes(process: Process): string[] {
    const before = this.#looks.get(process)
    const role = roleOf(process, this.#format)
    const executed = process.replica?.status().executed ?? 0
    const known = before?.life === process.life ? before.executed : 0
    this.#looks.set(process, { role, executed, life: process.life })
    const became = role === (before?.role ?? 'down') ? [] : [`${process.id.name}: ${role}`]
    return [...became, ...this.#executions(process, known, executed)]
  }

  #executions(process: Process, from: number, to: number): string[] {
    const log = slotted(process)?.log
    const { name } = process.id
    const lines: string[] = []
    if (log && from < log.floor && from < to) lines.push(`${name} has all below slot ${log.floor} from a snapshot`)
    for (let slot = Math.max(from, log?.floor ?? from); slot < to; slot++) {
      const commands = log?.get(slot)?.commands
      if (commands)
        lines.push(`${name} executes slot ${slot}: ${commands.length > 0 ? this.#format.value(commands) : 'no-op'}`)
    }
    return lines
  }
}

/** What a process is, in a few words. */
export function roleOf({ id, replica, node }: Process, format: Format): string {
  if (!replica || !node) return 'down'
  if (!node.memory) return 'gathering'
  const { role, reason, leader, ballot, voting } = replica.status()
  const words = [String(role ?? reason)]
  if (leader && leader !== id) words.push(`of ${leader.name}`)
  if (ballot > 0) words.push(`at ${format.value(ballot)}`)
  if (voting === false) words.push('(forgot its votes)')
  return words.join(' ')
}
