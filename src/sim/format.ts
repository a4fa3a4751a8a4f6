/** How values look in traces and golden files: short, and the same whatever chance has drawn. */
import { Ballots } from '../ballots.ts'
import { Op } from '../command.ts'
import type { Cluster } from '../node-id.ts'

const decoder = new TextDecoder('utf-8', { fatal: true })

/** Numbers from here on that are no ballots were drawn by chance: names of lives, downloads and the like. */
const DRAWN = 65_536

/** The longest bytes that are shown as text. */
const TEXT_BYTES = 24

/** A list of messages that is mostly empty, as few protocols ask for it: it is shown only where it says something. */
const RARE = 'properties'

/** Formats the values of one run or scenario. */
export class Format {
  readonly #ballots: Ballots
  /** The drawn numbers in the order in which they were seen. */
  readonly #drawn = new Map<number, number>()

  constructor(cluster: Cluster) {
    this.#ballots = new Ballots(cluster)
  }

  /** A field's value, a message's or a replica's. */
  value(value: unknown): string {
    if (typeof value === 'number') return this.#number(value)
    if (value instanceof Uint8Array) return value.length === 0 ? quoted('') : bytesText(value)
    if (Array.isArray(value)) return `[${value.map((element) => this.value(element)).join(', ')}]`
    if (typeof value === 'string') return quoted(value)
    if (typeof value !== 'object' || value === null) return String(value)
    if ('op' in value && 'key' in value && 'value' in value)
      return commandText(value as Parameters<typeof commandText>[0])
    if ('name' in value && 'zone' in value) return String(value.name)
    return `{${this.fields(value)}}`
  }

  /** All fields of a message or struct, lists last. */
  fields(values: object): string {
    const entries = Object.entries(values).filter(([name, value]) => name !== RARE || value.length !== 0)
    const isList = ([, value]: [string, unknown]) => Array.isArray(value)
    return [...entries.filter((entry) => !isList(entry)), ...entries.filter(isList)]
      .map(([name, value]) => `${name}=${this.value(value)}`)
      .join(' ')
  }

  /** Ballots as `round.zone.node`; no other number in a short scenario is as high, but those drawn by chance. */
  #number(value: number): string {
    if (this.#ballots.valid(value) && this.#ballots.round(value) < DRAWN * 2) return this.#ballots.format(value)
    if (value < DRAWN) return String(value)
    if (!this.#drawn.has(value)) this.#drawn.set(value, this.#drawn.size + 1)
    return `#${this.#drawn.get(value)}`
  }
}

/** Text in quotes where it would not be seen as one word. */
function quoted(text: string): string {
  return /^\S+$/.test(text) ? text : JSON.stringify(text)
}

/** `put k=red`, `get k`, `delete k`, or the operation with what it packs. */
export function commandText({ op, key, value }: { op: number; key: string; value: Uint8Array }): string {
  if (op === Op.get) return `get ${key}`
  if (op === Op.delete) return `delete ${key}`
  const name = Object.entries(Op).find(([, number]) => number === op)?.[0] ?? `op ${op}`
  return `${name} ${key}=${bytesText(value)}`
}

/** Bytes as text where they are some, else their number. */
export function bytesText(bytes: Uint8Array): string {
  try {
    const text = decoder.decode(bytes)
    if (bytes.length <= TEXT_BYTES && /^[!-~]*$/.test(text)) return text
  } catch {
    // Not text.
  }
  return `<${bytes.length} bytes>`
}
