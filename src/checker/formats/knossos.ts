/**
 * Histories of a single compare-and-set register as Knossos keeps them: EDN maps, in a vector, a list or bare.
 *
 *     {:process 7, :type :invoke, :f :cas, :value [2 3]}
 *
 * `:fail` did not happen, a read of nil tells nothing, `:info` and a missing completion leave the outcome unknown, the
 * nemesis is ignored. Times are indices of events, the nemesis's included; the key is empty.
 */
import type { History, Operation, Value } from '../operation.ts'
import { type Edn, EdnMap, Name, parseEdn } from './edn.ts'
import { malformed } from './lines.ts'
import { Recorder } from './recorder.ts'

const NAMES: Readonly<Record<string, string>> = { read: 'get', write: 'put', cas: 'cas' }

/**
 * Reads a history.
 * @param file named in errors
 * @throws SynodError `malformed` with file and line
 */
export function parseKnossos(text: string, file: string): History {
  const values = parseEdn(text, file)
  const recorder = new Recorder()
  let index = 0
  for (const event of values.flatMap((value) => (Array.isArray(value) ? (value as Edn[]) : [value]))) {
    if (!(event instanceof EdnMap)) throw malformed(file, 1, 'a history is made of maps')
    record(recorder, event, index++, file)
  }
  return recorder.operations
}

function record(recorder: Recorder, event: EdnMap, index: number, file: string): void {
  const process = label(event, ':process')
  if (process === ':nemesis') return
  const type = label(event, ':type')
  const f = label(event, ':f')
  const op = NAMES[f.slice(1)]
  const fail = (why: string) => malformed(file, event.line, why)
  if (!op || process === '') throw fail(`an event needs a :process and an :f of :read, :write or :cas, not "${f}"`)
  if (type === ':invoke') {
    const input = invocation(op, event.entries.get(':value') ?? null)
    if (input === undefined) throw fail(`${f} without the value it needs`)
    recorder.invoke(process, { key: '', op, input }, index)
    return
  }
  if (recorder.pending(process)?.op !== op) throw fail(`process ${process} did not invoke ${f}`)
  if (type === ':ok') {
    const output = observed(op, event.entries.get(':value') ?? null)
    if (output === null) throw fail(`${f} of what is no value`)
    recorder.complete(process, { outcome: 'ok', output }, index)
  } else if (type === ':fail') recorder.complete(process, { outcome: 'failed' }, index)
  else if (type === ':info') recorder.complete(process, { outcome: 'unknown' }, index)
  else throw fail(`unknown :type "${type}"`)
}

/** What the answer tells, undefined if nothing; null if it cannot be the value of a register. */
function observed(op: string, value: Edn): Value | boolean | undefined {
  if (op === 'cas') return true
  if (op !== 'get' || value === null) return undefined
  return isValue(value) ? value : null
}

function invocation(op: string, value: Edn): Operation['input'] | undefined {
  if (op === 'get') return null
  if (op === 'put') return isValue(value) ? value : undefined
  return Array.isArray(value) && value.length === 2 && value.every(isValue) ? (value as Value[]) : undefined
}

function isValue(value: unknown): value is Value {
  return value === null || typeof value === 'number' || typeof value === 'string'
}

/** A keyword or a number of an event as text, empty if it is missing. */
export function label(event: EdnMap, key: string): string {
  const value = event.entries.get(key)
  if (value instanceof Name) return value.name
  return typeof value === 'number' || typeof value === 'string' ? String(value) : ''
}
