/** The output of the commands at hand: what was sent, who became what, what was executed and answered. */

import { slotted } from '../../src/sim/invariants/slotted.ts'
import type { Process } from '../../src/sim/process.ts'
import type { World } from '../../src/sim/world.ts'
import type { Format } from './format.ts'

/** What became of a message when it was sent: on its way, or why not. */
export type Fate = '' | 'cut' | 'down' | 'dropped' | 'held'

/** A message of the protocol, or of the nodes themselves. */
export interface Sent {
  readonly from: string
  readonly to: string
  readonly name: string
  readonly message: object
  readonly fate: Fate
}

/** One line; a message may have several receivers. */
interface Entry {
  /** The step at which it happened. */
  readonly step: number
  readonly text: string
  readonly from: string
  readonly to: string[]
  readonly fate: Fate
}

/** What a process was when it was looked at last. */
interface Look {
  readonly role: string
  readonly executed: number
  readonly life: number
}

export class Trace {
  /** All messages since the commands at hand began, those not shown, too. */
  sent: Sent[] = []
  /** The names of messages that are not shown. */
  readonly hidden = new Set<string>()
  readonly #world: World
  readonly #format: Format
  readonly #looks = new Map<Process, Look>()
  #entries: Entry[] = []

  constructor(world: World, format: Format) {
    this.#world = world
    this.#format = format
  }

  /** What has come up since the last call. */
  take(): string[] {
    const lines = this.#entries.map(lineOf)
    this.#entries = []
    return lines
  }

  note(text: string): void {
    this.#entries.push({ step: -1, text, from: '', to: [], fate: '' })
  }

  /** Notes a message; those of one broadcast share a line. */
  message(sent: Sent): void {
    this.sent.push(sent)
    if (this.hidden.has(sent.name)) return
    const { from, to, fate } = sent
    const text = `${sent.name} ${this.#format.fields(sent.message)}`.trimEnd()
    const { steps } = this.#world
    const twin = this.#entries.find(
      (entry) => entry.step === steps && entry.from === from && entry.text === text && entry.fate === fate,
    )
    if (twin && !twin.to.includes(to)) twin.to.push(to)
    else this.#entries.push({ step: steps, text, from, to: [to], fate })
  }

  /** Notes what has changed in a process. */
  look(process: Process): void {
    const before = this.#looks.get(process)
    const role = roleOf(process, this.#format)
    const executed = process.replica?.status().executed ?? 0
    const known = before?.life === process.life ? before.executed : 0
    this.#looks.set(process, { role, executed, life: process.life })
    if (role !== (before?.role ?? 'down')) this.note(`${process.id.name}: ${role}`)
    this.#noteExecuted(process, known, executed)
  }

  #noteExecuted(process: Process, from: number, to: number): void {
    const log = slotted(process)?.log
    const { name } = process.id
    if (log && from < log.floor && from < to) this.note(`${name} has all below slot ${log.floor} from a snapshot`)
    for (let slot = Math.max(from, log?.floor ?? from); slot < to; slot++) {
      const commands = log?.get(slot)?.commands
      if (commands)
        this.note(`${name} executes slot ${slot}: ${commands.length > 0 ? this.#format.value(commands) : 'no-op'}`)
    }
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

function lineOf({ text, from, to, fate }: Entry): string {
  if (from === '') return text
  return `${from} -> ${to.join(', ')}  ${text}${fate === '' ? '' : `  (${fate})`}`
}
