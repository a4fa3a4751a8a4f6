/**
 * Reads JSON with the errors that a person editing a file needs: line and column, and keys that are given twice.
 * `JSON.parse` of Node 20 names no place for most errors and lets the last of two equal keys win.
 */
import { parse } from 'lossless-json'
import { SynodError } from '../errors.ts'

/** Quotes any value on one line, shortened. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}

/**
 * Takes a JSON text and the name of where it is from; gives its value, numbers as JavaScript numbers.
 * @throws SynodError `config` naming `where`, line and column
 */
export function parseJson(text: string, where: string): unknown {
  const fail = (position: number, problem: string): never => {
    throw new SynodError('config', `${where}: ${place(text, position)}: ${problem}`)
  }
  if (text.startsWith('\uFEFF')) fail(0, 'the file starts with a byte order mark; save it as plain UTF-8')
  let value: unknown
  try {
    value = parse(text, null, { parseNumber: Number, onDuplicateKey: () => undefined })
  } catch (error) {
    if (error instanceof RangeError) throw new SynodError('config', `${where}: the JSON is nested too deeply`)
    if (!(error instanceof SyntaxError)) throw error
    const match = /^(.*) at position ([0-9]+)$/s.exec(error.message)
    fail(match ? Number(match[2]) : 0, `bad JSON: ${oneLine(match?.[1] ?? error.message)}`)
  }
  const bad = findBadKey(text)
  if (bad) fail(bad.position, bad.problem)
  return value
}

const STRING_OR_BRACE = /("[^"\\]*(?:\\.[^"\\]*)*")([ \t\r\n]*:)?|[{}]/g

/** In valid JSON, finds the first key that its object already has, or that would replace a prototype. */
function findBadKey(text: string): { position: number; problem: string } | undefined {
  const open: Set<string>[] = []
  for (const match of text.matchAll(STRING_OR_BRACE)) {
    if (match[0] === '{') open.push(new Set())
    else if (match[0] === '}') open.pop()
    else if (match[2] !== undefined) {
      const key: string = JSON.parse(match[1]!)
      const keys = open.at(-1)!
      if (keys.has(key)) return { position: match.index, problem: `key ${show(key)} is given twice` }
      if (key === '__proto__') return { position: match.index, problem: 'key "__proto__" is not allowed' }
      keys.add(key)
    }
  }
  return undefined
}

function place(text: string, position: number): string {
  const before = text.slice(0, position).split('\n')
  return `line ${before.length}, column ${before.at(-1)!.length + 1}`
}

/** Shows control characters by their escapes, so that a sentence stays on its line. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}/gu, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
