/**
 * Exactly once: a write has one version of its key for ever, whether it is seen in a store or in an answer, and a version
 * has one write. So a write that is executed twice shows itself, and so does an answer that belongs to another write, or
 * that tells another value than what was written before.
 */
import type { Arena, Invariant } from '../arena.ts'
import type { Testimony } from '../clients.ts'
import { writeOf } from '../writes.ts'

const decoder = new TextDecoder()

/** What was seen of writes: clients write each value to a key once. */
export class Versions {
  readonly #values = new Map<string, string>()
  readonly #versions = new Map<string, number>()

  /** Notes that `key` has `value` at `version`; a sentence when it was otherwise before. */
  see(key: string, version: number, value: string | null, where: string): string | null {
    if (version === 0) return value === null ? null : `${where} has ${value} in key ${key}, which nobody had written`
    const text = value ?? 'nothing'
    const name = `${version} of key ${key}`
    const other = this.#values.get(name)
    if (other !== undefined && other !== text) return `${where} has ${text} as version ${name}, others have ${other}`
    this.#values.set(name, text)
    if (value === null) return null
    const write = writeOf(key, value)
    const before = this.#versions.get(write)
    if (before !== undefined && before !== version)
      return `${where} has ${value} as version ${name}: it was version ${before} before, so it was written twice`
    this.#versions.set(write, version)
    return null
  }
}

/** What clients were told of versions, taken in turn. */
class Told {
  readonly #versions: Versions
  #acknowledged = 0
  #glimpses = 0

  constructor(versions: Versions) {
    this.#versions = versions
  }

  /** Takes what was told since the last call; a sentence when it cannot be. */
  hear({ acknowledged, glimpses }: Pick<Testimony, 'acknowledged' | 'glimpses'>): string | null {
    for (; this.#acknowledged < acknowledged.length; this.#acknowledged++) {
      const { key, version, value, previous } = acknowledged[this.#acknowledged]!
      const fault = this.#versions.see(key, version, value, 'an answer')
      if (fault) return fault
      if (previous === undefined) continue
      const before = this.#versions.see(key, version - 1, previous, `the answer to ${writeOf(key, value ?? 'nothing')}`)
      if (before) return before
    }
    for (; this.#glimpses < glimpses.length; this.#glimpses++) {
      const { key, version, value, least } = glimpses[this.#glimpses]!
      if (version < least) return `a read of any has version ${version} of key ${key}, and the node asked had ${least}`
      const fault = this.#versions.see(key, version, value, 'a read of any')
      if (fault) return fault
    }
    return null
  }
}

export function exactlyOnce(): Invariant {
  const versions = new Versions()
  const told = new Told(versions)
  const hashes = new Map<number, number>()
  /** The first answer to each write. */
  const answered = new Map<string, string>()
  let heard = 0

  /** Takes the answers since the last call. */
  function hear({ answers, refused }: NonNullable<Testimony['sessions']>): string | null {
    for (; heard < answers.length; heard++) {
      const { name, key, value, result } = answers[heard]!
      const { version, effect } = result
      const text = `${effect} ${version} ${result.value === null ? 'nothing' : decoder.decode(result.value)}`
      const first = answered.get(name)
      if (first !== undefined && first !== text) return `${name} was answered with ${first}, then with ${text}`
      answered.set(name, text)
      if (effect !== 'done') continue
      if (value !== null && refused.has(writeOf(key, value))) return `${name} was refused, then done`
      const fault = versions.see(key, version, value, `the answer to ${name}`)
      if (fault) return fault
    }
    return null
  }

  return {
    name: 'exactly once',
    afterStep({ processes, clients, protocol }: Arena) {
      const { sessions } = clients
      if (protocol.sessions === 'none') return null
      const fault = told.hear(clients) ?? sessions?.fault ?? (sessions && hear(sessions))
      if (fault) return fault
      for (const { id, store, node } of processes) {
        const hash = node && store ? store.hash() : 0
        if (!store || hashes.get(id.index) === hash) continue
        hashes.set(id.index, hash)
        for (const key of clients.keys) {
          const { value, version } = store.get(key)
          const text = value && decoder.decode(value)
          if (text !== null && sessions?.refused.has(writeOf(key, text)))
            return `${id.name} holds ${writeOf(key, text)}, which was refused`
          const fault = versions.see(key, version, text, id.name)
          if (fault) return fault
        }
      }
      return null
    },
  }
}
