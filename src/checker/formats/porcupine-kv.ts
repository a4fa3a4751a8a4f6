/**
 * Porcupine's key-value logs: one EDN map per line, with get, put and append on text keys. Times are indices of events.
 *
 *     {:process 0, :type :invoke, :f :append, :key "4", :value "x 0 1 y"}
 */
import type { History, Operation } from '../operation.ts'
import { EdnMap, parseEdn } from './edn.ts'
import { label } from './knossos.ts'
import { malformed } from './lines.ts'
import { Recorder } from './recorder.ts'

/**
 * Reads a log.
 * @param file named in errors
 * @throws SynodError `malformed` with file and line
 */
export function parsePorcupineKv(text: string, file: string): History {
  const recorder = new Recorder()
  let index = 0
  for (const event of parseEdn(text, file)) {
    if (!(event instanceof EdnMap)) throw malformed(file, 1, 'a log is made of maps')
    record(recorder, event, index++, file)
  }
  return recorder.operations
}

function record(recorder: Recorder, event: EdnMap, index: number, file: string): void {
  const process = label(event, ':process')
  const op = label(event, ':f').slice(1)
  const value = event.entries.get(':value') ?? null
  const key = event.entries.get(':key')
  const fail = (why: string) => malformed(file, event.line, why)
  if (process === '' || typeof key !== 'string') throw fail('an event needs a :process and a text :key')
  if (!['get', 'put', 'append'].includes(op)) throw fail(`unknown operation :${op}`)
  if (value !== null && typeof value !== 'string') throw fail('a value is text')
  const type = label(event, ':type')
  if (type === ':invoke') {
    if (op !== 'get' && value === null) throw fail(`:${op} without a value`)
    const input: Operation['input'] = op === 'get' ? null : value
    if (recorder.pending(process)) throw fail(`process ${process} is busy`)
    recorder.invoke(process, { key, op, input }, index)
    return
  }
  const pending = recorder.pending(process)
  if (pending?.op !== op || pending.key !== key) throw fail(`process ${process} did not invoke :${op}`)
  const output = op === 'get' ? (value ?? '') : undefined
  if (type === ':ok') recorder.complete(process, { outcome: 'ok', output }, index)
  else if (type === ':fail') recorder.complete(process, { outcome: 'failed' }, index)
  else if (type === ':info') recorder.complete(process, { outcome: 'unknown' }, index)
  else throw fail(`unknown :type "${type}"`)
}
