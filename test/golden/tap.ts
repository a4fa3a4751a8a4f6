/** The hand on the network of a golden scenario: shows each message, and drops or holds those that a command names. */
import type { NodeId } from '../../src/node-id.ts'
import type { Replica } from '../../src/replica.ts'
import type { Format } from '../../src/sim/format.ts'
import type { Passing, Scenario } from '../../src/sim/scenario.ts'
import { NODE_VOCABULARY, read } from '../../src/sim/vocabulary.ts'
import type { Fate, Sent, Trace } from './trace.ts'

/** Which messages are meant; `*` is any node or name. */
export interface Pattern {
  readonly name: string
  readonly from: string
  readonly to: string
  /** Fields with the values that they must have, as they are printed. */
  readonly fields: ReadonlyMap<string, string>
}

interface Rule {
  readonly pattern: Pattern
  readonly fate: 'dropped' | 'held'
  /** How many more messages it takes. */
  left: number
}

export class Tap {
  readonly #scenario: Scenario<Replica>
  readonly #trace: Trace
  readonly #format: Format
  #rules: Rule[] = []
  #held: { readonly from: NodeId; readonly to: NodeId; readonly frame: Uint8Array }[] = []

  constructor(scenario: Scenario<Replica>, trace: Trace, format: Format) {
    this.#scenario = scenario
    this.#trace = trace
    this.#format = format
    const { network } = scenario
    const decode = network.tap
    let seen: Passing | null = null
    scenario.admits = (passing) => {
      seen = passing
      return true
    }
    network.tap = (from, to, frame) => {
      seen = null
      decode(from, to, frame)
      return this.#pass(from, to, frame, seen ?? ownMessage(from, to, frame))
    }
  }

  /** Adds a rule for the next `times` messages of a pattern. */
  rule(fate: Rule['fate'], pattern: Pattern, times: number): void {
    this.#rules.push({ fate, pattern, left: times })
  }

  /** Ends all rules; what is held stays so. */
  clear(): void {
    this.#rules = []
  }

  /** Delivers what was held, as late as it is; gives how much it was. */
  release(): number {
    const held = this.#held
    this.#held = []
    for (const { from, to, frame } of held) this.#scenario.process(to.name).receive(from, frame)
    return held.length
  }

  /** Whether a message is of a pattern. */
  matches(pattern: Pattern, { name, from, to, message }: Omit<Sent, 'fate'>): boolean {
    const agrees = (word: string, value: string) => word === '*' || word === value
    if (!agrees(pattern.name, name) || !agrees(pattern.from, from) || !agrees(pattern.to, to)) return false
    const values = message as Readonly<Record<string, unknown>>
    return [...pattern.fields].every(([field, text]) => this.#format.value(values[field]) === text)
  }

  #pass(from: NodeId, to: NodeId, frame: Uint8Array, passing: Passing): boolean {
    // What the sender has become it became before it sent this.
    this.#trace.look(this.#scenario.process(from.name))
    const rule = this.#rules.find(({ pattern, left }) => left > 0 && this.matches(pattern, passing))
    if (rule) rule.left -= 1
    const fate = rule?.fate ?? this.#fate(from, to)
    if (fate === 'held') this.#held.push({ from, to, frame: frame.slice() })
    this.#trace.message({ ...passing, fate })
    return fate === ''
  }

  #fate(from: NodeId, to: NodeId): Fate {
    if (this.#scenario.network.isCut(from, to)) return 'cut'
    return this.#scenario.process(to.name).alive ? '' : 'down'
  }
}

function ownMessage(from: NodeId, to: NodeId, frame: Uint8Array): Passing {
  const { type, message } = read(frame, NODE_VOCABULARY)!
  return { from: from.name, to: to.name, name: type.name, message: message as Passing['message'], bytes: frame.length }
}
