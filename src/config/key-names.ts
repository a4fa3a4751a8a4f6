/** Puts the keys of a file into the spelling of the schema: Go, and so Paxi, compares names of fields without case. */

import { show } from './json.ts'
import { nearest } from './nearest.ts'

/** The keys of one object of the file. */
export interface KeyNames {
  readonly keys: Iterable<string>
  /** Other spellings, and the key that each stands for. */
  readonly aliases?: Readonly<Record<string, string>>
  /** The keys whose values are objects with known keys of their own. */
  readonly nested?: Readonly<Record<string, KeyNames>>
}

/** A problem, and the keys that lead to it. */
export interface Problem {
  readonly path: readonly string[]
  readonly message: string
}

/**
 * Takes a parsed object and its known keys; gives a copy with the keys as the schema spells them, and the problems.
 * A `null` says nothing and is left out, as in Go. What is no object is given back as it is.
 */
export function spellKeys(value: unknown, names: KeyNames, path: readonly string[] = []): [unknown, Problem[]] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [value, []]
  const spelling = new Map([...names.keys].map((key) => [fold(key), key]))
  for (const [alias, key] of Object.entries(names.aliases ?? {})) spelling.set(fold(alias), key)
  const result: Record<string, unknown> = {}
  const problems: Problem[] = []
  const seen = new Map<string, string>()
  for (const [given, item] of Object.entries(value)) {
    const key = spelling.get(fold(given))
    if (key === undefined) {
      const guess = nearest(given, [...names.keys, ...Object.keys(names.aliases ?? {})])
      problems.push({ path, message: `unknown key ${show(given)}; the nearest known key is ${show(guess)}` })
    } else if (seen.has(key)) {
      const message = `key ${show(key)} is given twice, as ${show(seen.get(key))} and ${show(given)}`
      problems.push({ path, message })
    } else {
      seen.set(key, given)
      const inner = names.nested?.[key]
      const [spelt, more] = inner ? spellKeys(item, inner, [...path, key]) : [item, []]
      problems.push(...more)
      if (spelt !== null) result[key] = spelt
    }
  }
  return [result, problems]
}

/** Both turns are needed: `ſ` has only an upper case in ASCII, the Kelvin sign only a lower one, and Go folds both. */
function fold(key: string): string {
  return key.toUpperCase().toLowerCase()
}
