/**
 * What the files of a data directory hold, judged by their bytes alone, from the first to the last: the records, how the
 * log ends, or that something is damaged. Nothing is changed.
 */
import { damage } from './damage.ts'
import { decodeHead, type SealedHead } from './head.ts'
import type { Position } from './mark-slots.ts'
import { type Kind, numbersOf, pathOf } from './names.ts'
import { batchesOf, type Ending, recordsOf } from './scan.ts'
import { type Source, Window } from './window.ts'

/** A file of the directory, opened. */
export interface Opened<S extends Source = Source> {
  readonly file: S
  readonly size: number
}

/** A log file or a snapshot that was found whole. */
export interface Found<S extends Source = Source> {
  readonly file: S
  readonly head: SealedHead
  /** Behind the last batch. */
  readonly end: number
}

/** What was found. */
export interface Inspection<S extends Source> {
  /** The snapshot, if there is one, and the files of the log, in the order of their records. */
  readonly files: readonly Found<S>[]
  readonly records: number
  /** How the last file ends, and how long it is. */
  readonly ending: Ending
  readonly size: number
}

/**
 * Looks at the files of a memory: those of the log, and snapshots, by name. Such as the last snapshot stands for are not
 * looked at.
 * @param mark how far the log is known to be acknowledged
 * @throws Damage
 */
export function inspect<S extends Source>(
  directory: string,
  files: ReadonlyMap<string, Opened<S>>,
  incarnation: number,
  mark: Position | null,
): Inspection<S> {
  const [snapshot = 0] = numbersOf(files.keys(), 'snapshot').reverse()
  const numbers = numbersOf(files.keys(), 'log').filter((number) => number >= snapshot)
  const found: Found<S>[] = []
  let records = 0
  let ending: Ending = { state: 'complete', end: 0 }
  let size = 0
  const take = (kind: Kind, number: number, last: boolean) => {
    const opened = files.get(`${kind}-${number}`)!
    const head = headOf(opened, kind, number, incarnation)
    const each = look(opened, head)
    records += each.records
    ending = each.ending
    size = opened.size
    found.push({ file: opened.file, head, end: ending.end })
    // Only the last file of the log may be open.
    if (ending.state !== 'complete' && !last)
      throw damage(opened.file.path, ending.end, 'the end of the file is missing')
  }
  if (snapshot > 0) take('snapshot', snapshot, false)
  requireAll(directory, numbers, Math.max(1, snapshot), mark, snapshot > 0)
  for (const number of numbers) take('log', number, number === numbers.at(-1))
  requireMark(found.at(-1), mark)
  return { files: found, records, ending, size }
}

/** The head of a file, which must be what its name says, and of this memory. */
function headOf({ file, size }: Opened, kind: Kind, number: number, incarnation: number): SealedHead {
  const window = new Window(file, size)
  const sealed = decodeHead(file.path, (offset, length) => window.read(offset, length))
  const { head } = sealed
  if (head.kind !== kind || head.number !== number || head.incarnation !== incarnation) {
    throw damage(file.path, 0, `the head of ${head.kind}-${head.number} of memory ${head.incarnation}`)
  }
  return sealed
}

/** Counts the records of a file, and tells how it ends. */
function look({ file, size }: Opened, head: SealedHead): { records: number; ending: Ending } {
  let records = 0
  const batches = batchesOf(new Window(file, size), head)
  let step = batches.next()
  for (; !step.done; step = batches.next()) {
    for (const _ of recordsOf(file.path, step.value)) records += 1
  }
  return { records, ending: step.value }
}

/** Refuses a log with gaps, and one that ends before its mark. */
function requireAll(
  directory: string,
  numbers: readonly number[],
  first: number,
  mark: Position | null,
  snapshot: boolean,
): void {
  const last = Math.max(mark?.number ?? 0, numbers.at(-1) ?? 0, snapshot ? first : 0)
  for (let number = first; number <= last; number++) {
    if (!numbers.includes(number)) throw damage(pathOf(directory, 'log', number), null, 'this file is missing')
  }
}

/** Refuses a log that ends before what is known to be acknowledged. */
function requireMark(last: Found | undefined, mark: Position | null): void {
  if (!last || !mark || mark.number !== last.head.head.number || mark.end <= last.end) return
  throw damage(last.file.path, last.end, `the log ends here, but is acknowledged up to byte ${mark.end}`)
}
