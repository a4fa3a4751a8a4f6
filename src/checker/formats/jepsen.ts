/**
 * Jepsen's console log of a single compare-and-set register, one event per line:
 *
 *     INFO  jepsen.util - 2	:invoke	:cas	[3 0]
 *
 * `:info` and a missing completion leave the outcome unknown. `:fail :cas` is an observation: the value differed. Any
 * other `:fail`, and one that timed out, tells nothing. The nemesis, and lines that are no events, are ignored. Times are
 * indices of events, the nemesis's included; the key is empty.
 */
import type { History, Operation, Value } from '../operation.ts'
import { integer } from './edn.ts'
import { lines, malformed } from './lines.ts'
import { Recorder } from './recorder.ts'

const EVENT = /^INFO\s+jepsen\.util - (\S+)\s+:(invoke|ok|fail|info)\s+:(\S+)(?:\s+(.*))?$/
const BROKEN = /\bjepsen\.util - [0-9]+(?:\s+:|$)|^INFO\s+jepsen\.util - \S+\s+:(?:invoke|ok|fail)\b/
const NAMES: Readonly<Record<string, string>> = { read: 'get', write: 'put', cas: 'cas' }

/**
 * Reads a log.
 * @param file named in errors
 * @throws SynodError `malformed` with file and line
 */
export function parseJepsen(text: string, file: string): History {
  const recorder = new Recorder()
  let index = 0
  let ignored = 0
  for (const [line, number] of lines(text)) {
    const event = EVENT.exec(line)
    if (!event) {
      if (BROKEN.test(line)) throw malformed(file, number, 'not a whole event of a Jepsen log')
      ignored ||= number
      continue
    }
    const [, process, type, f, value = ''] = event as unknown as [string, string, string, string, string?]
    const at = index++
    if (process === ':nemesis') continue
    const op = NAMES[f]
    if (!op) throw malformed(file, number, `unknown operation :${f}`)
    if (type === 'invoke') {
      const input = invocation(op, value)
      if (input === undefined) throw malformed(file, number, `:${f} of ${value || 'no value'}`)
      recorder.invoke(process, { key: '', op, input }, at)
      continue
    }
    if (recorder.pending(process)?.op !== op) throw malformed(file, number, `process ${process} did not invoke :${f}`)
    const completion = complete(op, type, value)
    if (!completion) throw malformed(file, number, `:${type} :${f} with ${value || 'no value'}`)
    recorder.complete(process, completion, at)
  }
  if (index === 0 && ignored > 0) throw malformed(file, ignored, 'no event of a Jepsen log, nor is any other line')
  return recorder.operations
}

function invocation(op: string, value: string): Operation['input'] | undefined {
  if (op === 'cas') return pair(value)
  return op === 'get' ? null : scalar(value)
}

function complete(op: string, type: string, value: string): Parameters<Recorder['complete']>[1] | undefined {
  if (type === 'info') return { outcome: 'unknown' }
  if (type === 'fail') return op === 'cas' && pair(value) ? { outcome: 'ok', output: false } : { outcome: 'failed' }
  if (op !== 'get') return { outcome: 'ok', output: op === 'cas' ? true : undefined }
  const output = scalar(value)
  return output === undefined ? undefined : { outcome: 'ok', output }
}

function scalar(text: string): Value | undefined {
  if (text === 'nil') return null
  return /^-?[0-9]+$/.test(text) ? integer(text) : undefined
}

function pair(text: string): readonly Value[] | undefined {
  const match = /^\[(-?[0-9]+|nil) (-?[0-9]+|nil)\]$/.exec(text)
  return match ? [scalar(match[1]!)!, scalar(match[2]!)!] : undefined
}
