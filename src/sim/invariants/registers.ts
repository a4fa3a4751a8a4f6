/**
 * What must hold of registers, where no log orders the commands: a tag has one value for ever, and no node goes back to a
 * lower one. Looked at where protocols of registers keep them: in the store, with the tag as the version.
 */
import type { Clients } from '../clients.ts'
import type { Process } from '../process.ts'

const decoder = new TextDecoder()

/** Whether this process holds registers: its replica executes nothing in order. */
export function holdsRegisters({ replica }: Process): boolean {
  return replica?.status().executed === null
}

interface Seen {
  readonly life: number
  readonly hash: number
  readonly tags: ReadonlyMap<string, number>
}

/** The registers of a run, as they were seen. */
export class Registers {
  readonly #values = new Map<string, string>()
  /** How much of what was acknowledged is among them. */
  #heard = 0
  readonly #seen = new Map<number, Seen>()

  /** Takes what clients were told since the last call; a sentence when a tag has two values. */
  hear({ acknowledged }: Pick<Clients, 'acknowledged'>): string | null {
    for (; this.#heard < acknowledged.length; this.#heard++) {
      const { key, version: tag, value } = acknowledged[this.#heard]!
      if (tag === 0) continue
      const text = value ?? 'nothing'
      const other = this.#values.get(`${tag} ${key}`)
      if (other === undefined) this.#values.set(`${tag} ${key}`, text)
      else if (other !== text)
        return `key ${key} was acknowledged with value ${text}; others with that tag have ${other}`
    }
    return null
  }

  /** Looks at a process whose store has changed; a sentence when a tag has two values, or a key has gone back. */
  look({ id, life, node, store }: Process, keys: Iterable<string>): string | null {
    const before = this.#seen.get(id.index)
    const hash = store?.hash() ?? 0
    if (!node || !store || (before?.life === life && before.hash === hash)) return null
    const tags = new Map<string, number>()
    for (const key of keys) {
      const { version: tag, value } = store.get(key)
      if (tag === 0) continue
      tags.set(key, tag)
      const name = `${id.name} holds key ${key} with tag ${node.ballots.format(tag)}`
      const known = before?.life === life ? (before.tags.get(key) ?? 0) : 0
      if (tag < known) return `${name}, after ${node.ballots.format(known)}`
      const text = value ? decoder.decode(value) : 'nothing'
      const other = this.#values.get(`${tag} ${key}`)
      if (other !== undefined && other !== text) return `${name} and value ${text}, others with value ${other}`
      // What only the tag's owner holds may be lost in a crash, before anyone was told; so it is free again.
      if (node.ballots.owner(tag) !== id) this.#values.set(`${tag} ${key}`, text)
    }
    this.#seen.set(id.index, { life, hash, tags })
    return null
  }
}
