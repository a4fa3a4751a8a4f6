/**
 * Synod's own histories, one JSON object per line:
 *
 *     {"process":3,"key":"42","op":"put","input":"a","output":null,"call":1000,"return":1830,"outcome":"ok"}
 *     {"process":4,"key":"42","op":"get","input":null,"output":"a","call":1200,"return":1900,"outcome":"ok"}
 *     {"process":3,"key":"42","op":"put","input":"b","output":null,"call":1831,"return":null,"outcome":"unknown"}
 *
 * Times are integers in microseconds or nanoseconds, one unit per file. Beyond 2^53 they are rounded, which keeps their
 * order or makes them equal, so it can only weaken the verdict. The output of a get is null where the key was absent,
 * and left out where it was not observed; the output of a put is not looked at. Values and keys are text; a number is
 * taken as its decimal form.
 */
import type { History, Operation, Outcome, Value } from '../operation.ts'
import { lines, malformed } from './lines.ts'

const OUTCOMES: readonly unknown[] = ['ok', 'failed', 'unknown'] satisfies Outcome[]

/**
 * Reads a history.
 * @param file named in errors
 * @throws SynodError `malformed` with file and line
 */
export function parseSynod(text: string, file: string): History {
  const operations: Operation[] = []
  for (const [line, number] of lines(text)) {
    let object: unknown
    try {
      object = JSON.parse(line)
    } catch {
      throw malformed(file, number, 'not JSON')
    }
    if (typeof object !== 'object' || object === null) throw malformed(file, number, 'not an object')
    const fields = object as Record<string, unknown>
    const wrong = wrongField(fields)
    if (wrong) throw malformed(file, number, `bad or missing "${wrong}"`)
    operations.push(operation(fields))
  }
  return operations
}

/** A history as text that `parseSynod` reads. Times must be finite, besides the return of an unknown outcome. */
export function* formatSynod(history: History): Generator<string> {
  for (const { client, key, op, input, output, call, return: end, outcome } of history) {
    yield `${JSON.stringify({ process: client, key, op, input, output, call, return: Number.isFinite(end) ? end : null, outcome })}\n`
  }
}

function wrongField(fields: Record<string, unknown>): string | undefined {
  const { process, key, op, input, output, call, outcome } = fields
  if (typeof process !== 'number' && typeof process !== 'string') return 'process'
  if (typeof key !== 'string' && typeof key !== 'number') return 'key'
  if (op !== 'get' && op !== 'put') return 'op'
  if (op === 'put' && (!isValue(input) || input === undefined)) return 'input'
  if (op === 'get' && !isValue(output)) return 'output'
  if (!OUTCOMES.includes(outcome)) return 'outcome'
  if (!Number.isInteger(call)) return 'call'
  const end = fields.return
  const missing = end === null && outcome !== 'ok'
  return missing || (Number.isInteger(end) && (end as number) >= (call as number)) ? undefined : 'return'
}

function isValue(value: unknown): value is Value | undefined {
  return value === null || value === undefined || typeof value === 'string' || typeof value === 'number'
}

function operation(fields: Record<string, unknown>): Operation {
  const { process, key, op, input, output, call, outcome } = fields
  return {
    client: process as number | string,
    key: String(key),
    op: op as string,
    input: op === 'get' ? null : text(input as Value),
    output: op === 'get' && outcome === 'ok' && output !== undefined ? text(output as Value) : undefined,
    call: call as number,
    return: (fields.return as number | null) ?? (outcome === 'failed' ? (call as number) : Infinity),
    outcome: outcome as Outcome,
  }
}

function text(value: Value): string | null {
  return typeof value === 'number' ? String(value) : value
}
