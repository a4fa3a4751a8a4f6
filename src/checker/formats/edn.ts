/**
 * Reads EDN, Clojure's data notation. What the histories of Jepsen and Knossos need of it is kept: lists, maps, keywords,
 * strings, numbers. The rest stands in fields that nobody asks for: it is read, and no more is known of it.
 */
import { malformed } from './lines.ts'

/** A keyword, a symbol or a character: `:read`, `nemesis`, `\a`. It is named as it is written. */
export class Name {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

/** A map, of which the entries under names are kept, and the line it began on. */
export class EdnMap {
  readonly line: number
  readonly entries: ReadonlyMap<string, Edn>
  constructor(line: number, entries: ReadonlyMap<string, Edn>) {
    this.line = line
    this.entries = entries
  }
}

/** A set, or a tagged literal such as `#inst "2026-01-01"`. */
export class Opaque {
  readonly tag: string
  constructor(tag: string) {
    this.tag = tag
  }
}

/** A value of EDN. */
export type Edn = null | boolean | number | string | Name | EdnMap | Opaque | readonly Edn[]

const TOKEN = /[\s,]+|;[^\n]*|(#_|#?\{|[()[\]}]|\\\S[^\s,;()[\]{}"\\]*)|("(?:[^"\\]|\\[\s\S])*")|([^\s,;()[\]{}"]+)/y
const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}', '#{': '}' }
const CLOSE = /^[)\]}]$/
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' }
const INTEGER = /^[+-]?[0-9]+N?$/
const DECIMAL = /^[+-]?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?M?$/
const MAX_DEPTH = 100

/** The integer that `text` writes. One that a number cannot hold exactly stays text, so that no two become equal. */
export function integer(text: string): number | string {
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : String(BigInt(text))
}

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
    for (let token = this.#token(0); token !== ''; token = this.#token(0)) values.push(this.#value(token, 0))
    return values
  }

  /** The next token, skipping space, comments and what `#_` discards; empty at the end. */
  #token(depth: number): string {
    if (depth > MAX_DEPTH) throw malformed(this.#file, this.#line, 'nested too deeply')
    let token = this.#lexeme()
    for (; token === '#_'; token = this.#lexeme()) this.#argument(token, depth)
    return token
  }

  /** The value that must follow a `#_` or a tag. */
  #argument(of: string, depth: number): Edn {
    const line = this.#line
    const token = this.#token(depth + 1)
    if (token === '' || CLOSE.test(token)) throw malformed(this.#file, line, `"${of}" needs a value`)
    return this.#value(token, depth + 1)
  }

  #lexeme(): string {
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
    if (token === '{') return this.#map(depth)
    if (token === '#{') return this.#set(depth)
    if (token === '(' || token === '[') return this.#list(token, depth)
    if (token[0] === '"') return token.slice(1, -1).replace(/\\([\s\S])/g, (_, c: string) => ESCAPES[c] ?? c)
    if (INTEGER.test(token)) return integer(token.replace('N', ''))
    if (DECIMAL.test(token)) return Number(token.replace('M', ''))
    if (token === 'nil') return null
    if (token === 'true' || token === 'false') return token === 'true'
    if (CLOSE.test(token)) throw malformed(this.#file, this.#line, `"${token}" closes nothing`)
    if (token === '\\') throw malformed(this.#file, this.#line, '"\\" without a character')
    return token[0] === '#' && token[1] !== '#' ? this.#tagged(token, depth) : new Name(token)
  }

  /** A tagged map is a record, and read as the map; other tags hide what they say. `##Inf` is no tag. */
  #tagged(tag: string, depth: number): Edn {
    const value = this.#argument(tag, depth)
    return value instanceof EdnMap ? value : new Opaque(tag)
  }

  #set(depth: number): Opaque {
    this.#list('#{', depth)
    return new Opaque('#{')
  }

  #list(open: string, depth: number): Edn[] {
    const began = this.#line
    const values: Edn[] = []
    for (let token = this.#token(depth + 1); token !== CLOSING[open]; token = this.#token(depth + 1)) {
      if (token === '') throw malformed(this.#file, began, `"${open}" is never closed`)
      values.push(this.#value(token, depth + 1))
    }
    return values
  }

  #map(depth: number): EdnMap {
    const line = this.#line
    const values = this.#list('{', depth)
    const entries = new Map<string, Edn>()
    if (values.length % 2 !== 0) throw malformed(this.#file, line, 'a map needs a value for each key')
    for (let i = 0; i < values.length; i += 2) {
      const key = values[i]
      if (key instanceof Name) entries.set(key.name, values[i + 1]!)
    }
    return new EdnMap(line, entries)
  }
}
