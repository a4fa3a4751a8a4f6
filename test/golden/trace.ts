/** The output of the commands at hand: what was sent, who became what, what was executed and answered. */

import type { Format } from '../../src/sim/format.ts'
import { Looks } from '../../src/sim/looks.ts'
import type { Process } from '../../src/sim/process.ts'
import type { World } from '../../src/sim/world.ts'
import { Registers } from './registers.ts'

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

export class Trace {
  /** All messages since the commands at hand began, those not shown, too. */
  sent: Sent[] = []
  /** The names of messages that are not shown. */
  readonly hidden = new Set<string>()
  readonly #world: World
  readonly #format: Format
  readonly #looks: Looks
  readonly #registers: Registers
  #entries: Entry[] = []

  /** `keys` are those that clients have named. */
  constructor(world: World, format: Format, keys: ReadonlySet<string>) {
    this.#world = world
    this.#format = format
    this.#looks = new Looks(format)
    this.#registers = new Registers(format, keys)
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
    for (const line of [...this.#looks.changes(process), ...this.#registers.changes(process)]) this.note(line)
  }
}

function lineOf({ text, from, to, fate }: Entry): string {
  if (from === '') return text
  return `${from} -> ${to.join(', ')}  ${text}${fate === '' ? '' : `  (${fate})`}`
}
