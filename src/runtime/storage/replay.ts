/** The records of a directory in order, with the numbers that their classes have in this program. */
import { SynodError } from '../../errors.ts'
import type { RecordKind, StoredRecord } from '../../seams.ts'
import type { File } from './files.ts'
import type { Found } from './format/inspection.ts'
import { batchesOf, recordsOf } from './format/scan.ts'
import { Window } from './format/window.ts'

/**
 * @param finished called with each file after its last record
 * @throws SynodError `config` for a record whose class this program does not have, or has with other fields
 */
export function* replay(
  found: readonly Found<File>[],
  kinds: readonly RecordKind[],
  finished: (file: Found<File>) => void,
): Generator<StoredRecord> {
  for (const each of found) {
    const { file, head, end } = each
    const numbers = numbersOf(head.head.records, kinds)
    for (const batch of batchesOf(new Window(file, end), head)) {
      for (const { number, payload } of recordsOf(file.path, batch)) {
        const known = numbers.get(number)
        if (known === undefined) throw unknown(file.path, number, head.head.records, kinds)
        yield { number: known, payload }
      }
    }
    finished(each)
  }
}

/** This program's number for each of a file's numbers, where the class has the same name and the same fields. */
function numbersOf(kept: readonly RecordKind[], kinds: readonly RecordKind[]): Map<number, number> {
  const numbers = new Map<number, number>()
  for (const { number, name, shape } of kept) {
    const kind = kinds.find((one) => one.name === name && one.shape === shape)
    if (kind) numbers.set(number, kind.number)
  }
  return numbers
}

function unknown(path: string, number: number, kept: readonly RecordKind[], kinds: readonly RecordKind[]): SynodError {
  const name = kept.find((kind) => kind.number === number)?.name
  if (name === undefined) return new SynodError('storage', `${path}: a record of number ${number}, which has no name`)
  const why = kinds.some((kind) => kind.name === name) ? 'has with other fields' : 'does not have'
  return new SynodError('config', `${path}: a record of class ${name}, which this program ${why}`)
}
