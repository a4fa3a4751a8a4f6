/**
 * What a run did, in lines that a person can read: who heard what, what was lost, which faults struck, who became what,
 * what clients asked and were answered. Heartbeats and the roll call are left out.
 */
import type { NodeId } from '../node-id.ts'
import { Announce, Epoch } from '../node-messages.ts'
import type { Outcome } from '../request.ts'
import type { Arena } from './arena.ts'
import { bytesText, Format } from './format.ts'
import { Looks } from './looks.ts'
import { CALM, type Loss, type NetworkEye, type Weather } from './network.ts'
import { read, type Vocabulary } from './vocabulary.ts'

/** Which faults are at work, by what they are called in the trace. */
type State = ReadonlyMap<string, string>

/** One line. */
interface Entry {
  readonly time: number
  /** Who sent it, if it is a message. */
  readonly from: string
  readonly to: string[]
  readonly text: string
  /** Whether it is of the last operations, which show that everything works again, and not what clients saw of them. */
  readonly last: boolean
}

/** See the file's head. A trace is of one run. */
export class RunTrace implements NetworkEye {
  #entries: Entry[] = []
  #arena!: Arena
  #format!: Format
  #looks!: Looks
  #vocabulary!: Vocabulary
  #state: State = new Map()
  #last = false
  #over = false

  /** One line for each thing that happened, with its virtual milliseconds. */
  get lines(): string[] {
    return this.#entries.map(lineOf)
  }

  /** Called once before anything happens. */
  begin(arena: Arena): void {
    this.#arena = arena
    this.#format = new Format(arena.cluster)
    this.#looks = new Looks(this.#format)
    this.#vocabulary = arena.vocabulary
    arena.network.eye = this
  }

  /** Notes what the last step has changed. */
  look(): void {
    for (const process of this.#arena.processes) for (const line of this.#looks.changes(process)) this.#note(line)
  }

  delivered(from: NodeId, to: NodeId, frame: Uint8Array): void {
    const { alive, paused } = this.#arena.processes[to.index]!
    this.#message(from, to, frame, alive ? (paused ? `  (${to.name} is paused)` : '') : `  (lost: ${to.name} is down)`)
  }

  lost(from: NodeId, to: NodeId, frames: readonly Uint8Array[], why: Loss): void {
    const fate = { dropped: 'lost', cut: 'lost: cut', restarted: `lost: ${to.name} was down`, reset: 'lost: reset' }[
      why
    ]
    for (const frame of frames) this.#message(from, to, frame, `  (${fate})`)
  }

  /** A fault has struck. */
  struck(name: string): void {
    this.#note(`${name} strikes${this.#change()}`)
    this.look()
  }

  /** The faults that struck are undone. */
  healed(): void {
    this.#note(`faults end${this.#change()}`)
    this.look()
  }

  /** The faults are over for good. */
  calmed(): void {
    this.#last = true
  }

  /** Everything has finished and converged; what is violated now was wrong before. */
  finished(): void {
    this.#over = true
  }

  /** A client sends an operation to a node. */
  asked(client: number, to: NodeId, what: string): void {
    this.#note(`client ${client} -> ${to.name}  ${what}`, false)
  }

  /** It has ended; `what` is empty if it did not get far. */
  answered(client: number, from: NodeId, what: string, outcome: Outcome | null, read: boolean): void {
    this.#note(`client ${client} <- ${from.name} ${textOf(what, ' ')}${what && ':'} ${answerOf(outcome, read)}`, false)
  }

  /** The run ends here. */
  violated(invariant: string, message: string): void {
    this.look()
    if (this.#over) this.#entries = this.#entries.filter(({ last }) => !last)
    this.#last = false
    this.#note(`violated: ${invariant}: ${message}`)
  }

  #note(text: string, last = this.#last): void {
    this.#entries.push({ time: this.#arena.world.now, from: '', to: [], text, last })
  }

  /** Notes a message; those of one broadcast that arrive together share a line. */
  #message(from: NodeId, to: NodeId, frame: Uint8Array, fate: string): void {
    const said = read(frame, this.#vocabulary)
    if (!said || said.type.first || said.type === Announce || said.type === Epoch) return
    const text = `${said.type.name} ${this.#format.fields(said.message)}`.trimEnd() + fate
    const time = this.#arena.world.now
    const before = this.#entries.at(-1)
    const shared = before?.time === time && before.from === from.name && before.text === text
    if (shared && !before.to.includes(to.name)) before.to.push(to.name)
    else this.#entries.push({ time, from: from.name, to: [to.name], text, last: this.#last })
  }

  /** What has changed about the faults at work, in words. */
  #change(): string {
    const before = this.#state
    this.#state = this.#faults()
    const begun = [...this.#state].filter(([name, value]) => before.get(name) !== value)
    const ended = [...before.keys()].filter((name) => !this.#state.has(name))
    const words = [...begun.map(([name, value]) => name + textOf(value, ' ')), ...ended.map((name) => `no ${name}`)]
    return words.length > 0 ? `: ${words.join(', ')}` : ''
  }

  #faults(): State {
    const { network, cluster, processes } = this.#arena
    const state = new Map<string, string>()
    for (const name of Object.keys(CALM) as (keyof Weather)[]) {
      if (network.weather[name] !== CALM[name]) state.set(name, rounded(network.weather[name]))
    }
    for (const a of cluster.members) {
      for (const b of cluster.members) if (a !== b && network.isCut(a, b)) state.set(`cut ${a.name}>${b.name}`, '')
    }
    for (const { id, paused, clockSkew, clockRate, clockStands, lagMs } of processes) {
      if (paused) state.set(`${id.name} paused`, '')
      if (lagMs > 0) state.set(`turns of ${id.name} late by`, rounded(lagMs))
      if (clockStands !== null) state.set(`${id.name}'s clock stands`, '')
      else if (clockRate !== 1) state.set(`rate of ${id.name}'s clock`, rounded(clockRate))
      else if (clockSkew !== 0) state.set(`${id.name}'s clock ahead by`, rounded(clockSkew))
    }
    return state
  }
}

/** A trace as text: its last lines, and how many were left out before them. */
export function textOfTrace(lines: readonly string[], most: number): string {
  const left = lines.length - most
  if (left <= 0) return lines.join('\n')
  return [
    `  … ${left} ${left === 1 ? 'line before these is' : 'lines before these are'} left out`,
    ...lines.slice(left),
  ].join('\n')
}

function lineOf({ time, from, to, text }: Entry): string {
  const what = from === '' ? text : `${from} > ${to.join(', ')}  ${text}`
  return `${time.toFixed(3).padStart(10)}  ${what}`
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(3)))
}

function textOf(value: unknown, before: string): string {
  return value === null || value === undefined || value === '' ? '' : `${before}${String(value)}`
}

function answerOf(outcome: Outcome | null, read: boolean): string {
  if (outcome === null) return 'connection lost, outcome unknown'
  if (!outcome.ok) return `${outcome.code} (${outcome.reason})`
  if (!read) return outcome.result.effect
  return outcome.result.value ? bytesText(outcome.result.value) : 'nothing there'
}
