/** Reads EDN, Clojure's data notation, as far as Jepsen's histories need it: lists, maps, keywords, strings, integers. */
import { malformed } from './lines.ts'

/** A keyword or symbol: `:read`, `nemesis`. Keywords keep their colon. */
export class Name {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

/** A map whose keys are keywords, and the line it began on. */
export class EdnMap {
  readonly line: number
  readonly entries: ReadonlyMap<string, Edn>
  constructor(line: number, entries: ReadonlyMap<string, Edn>) {
    this.line = line
    this.entries = entries
  }
}

/** A value of EDN. */
export type Edn = null | boolean | number | string | Name | EdnMap | readonly Edn[]

const TOKEN = /[\s,]+|;[^\n]*|([()[\]{}])|("(?:[^"\\]|\\[\s\S])*")|([^\s,;()[\]{}"]+)/y
const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' }
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' }
const MAX_DEPTH = 100

/**
 * All values of `text`.
 * @param file named in errors
 * @throws SynodError `malformed` with file and line
 */
export function parseEdn(text: string, file: string): Edn[] {
  return new Reader(text, file).all()
}

class Reader {
  readonly #text: string
  readonly #file: string
  #at = 0
  #line = 1

  constructor(text: string, file: string) {
    this.#text = text
    this.#file = file
  }

  all(): Edn[] {
    const values: Edn[] = []
    for (let token = this.#token(); token !== ''; token = this.#token()) values.push(this.#value(token, 0))
    return values
  }

  /** The next token, skipping space and comments; empty at the end. */
  #token(): string {
    while (this.#at < this.#text.length) {
      TOKEN.lastIndex = this.#at
      const match = TOKEN.exec(this.#text)
      if (!match) throw malformed(this.#file, this.#line, 'a string that does not end')
      this.#at = TOKEN.lastIndex
      const token = match[1] ?? match[2] ?? match[3]
      if (token !== undefined && !token.includes('\n')) return token
      for (const character of match[0]) if (character === '\n') this.#line++
      if (token !== undefined) return token
    }
    return ''
  }

  #value(token: string, depth: number): Edn {
    if (depth > MAX_DEPTH) throw malformed(this.#file, this.#line, 'nested too deeply')
    if (token === '{') return this.#map(depth)
    if (token === '(' || token === '[') return this.#list(token, depth)
    if (token[0] === '"') return token.slice(1, -1).replace(/\\([\s\S])/g, (_, c: string) => ESCAPES[c] ?? c)
    if (/^[+-]?[0-9]+$/.test(token)) return Number(token)
    if (token === 'nil') return null
    if (token === 'true' || token === 'false') return token === 'true'
    if (/^[)\]}]$/.test(token)) throw malformed(this.#file, this.#line, `"${token}" closes nothing`)
    return new Name(token)
  }

  #list(open: string, depth: number): Edn[] {
    const began = this.#line
    const values: Edn[] = []
    for (let token = this.#token(); token !== CLOSING[open]; token = this.#token()) {
      if (token === '') throw malformed(this.#file, began, `"${open}" is never closed`)
      values.push(this.#value(token, depth + 1))
    }
    return values
  }

  #map(depth: number): EdnMap {
    const line = this.#line
    const values = this.#list('{', depth)
    const entries = new Map<string, Edn>()
    for (let i = 0; i < values.length; i += 2) {
      const key = values[i]
      if (!(key instanceof Name) || i + 1 === values.length) {
        throw malformed(this.#file, line, 'a map needs keywords, each with a value')
      }
      entries.set(key.name, values[i + 1]!)
    }
    return new EdnMap(line, entries)
  }
}
