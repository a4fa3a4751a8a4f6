/**
 * A data directory at the start of a node: made if there is none, else checked from the first byte to the last.
 *
 *     manifest       whose records these are
 *     mark           how far the log is known to be acknowledged
 *     snapshot-7     stands for all files of the log below number 7
 *     log-7 …        the log behind it; only the last file may be open
 *     lock.*         sockets, see lock.ts
 *     damaged-1 …    what was damaged, see set-aside.ts
 *     *.new          not finished: removed at the start, as is what a snapshot stands for
 */
import { dirname, join, resolve } from 'node:path'
import { drawIncarnation } from '../chance.ts'
import { damage } from './damage.ts'
import type { File, Files } from './files.ts'
import { decodeHead, type SealedHead } from './head.ts'
import { ASIDE, LogFile } from './log-file.ts'
import { decodeManifest, encodeManifest, FORMAT, type Manifest, type Owner, requireOwner } from './manifest.ts'
import { Mark, type Position } from './mark.ts'
import { batchesOf, type Ending, recordsOf } from './scan.ts'
import { Window } from './window.ts'

/** A log file that was found whole. */
export interface Found {
  readonly file: File
  readonly head: SealedHead
  /** Behind the last batch. */
  readonly end: number
}

/** What is in a directory. */
export interface Contents {
  readonly incarnation: number
  /** What was wrong with an earlier memory, which is lost; null when this is the first. */
  readonly damage: string | null
  readonly mark: Mark
  /** The snapshot, if there is one, and the files of the log, in the order of their records. */
  readonly files: readonly Found[]
  /** The last file of the log, where more may be appended; null when there is none, or it is complete. */
  readonly active: LogFile | null
  /** Whether a first file is a snapshot. */
  readonly snapshot: boolean
  readonly records: number
  /** How many bytes of an unfinished write were cut off. */
  readonly cut: number
}

/** What files that hold records are called. */
export const NAME = /^(log|snapshot)-([1-9][0-9]*)$/

/** Where a log file is. */
export function pathOf(directory: string, kind: 'log' | 'snapshot', number: number): string {
  return join(directory, `${kind}-${number}`)
}

/** The numbers of the files of one kind in a directory, ascending. */
export async function numbersOf(files: Files, directory: string, kind: 'log' | 'snapshot'): Promise<number[]> {
  const matches = (await files.list(directory)).map((name) => NAME.exec(name))
  return matches.flatMap((match) => (match?.[1] === kind ? [Number(match[2])] : [])).sort((a, b) => a - b)
}

/** Removes what a snapshot stands for: older snapshots, and the files of the log below its number. */
export async function removeBelow(files: Files, directory: string, snapshot: number): Promise<void> {
  for (const kind of ['snapshot', 'log'] as const) {
    for (const number of await numbersOf(files, directory, kind)) {
      if (number < snapshot) await files.remove(pathOf(directory, kind, number))
    }
  }
}

/**
 * Reads or makes a directory, whose lock must be held.
 * @throws SynodError `storage` when something is damaged or missing, `config` when it is another owner's
 */
export async function openDirectory(files: Files, directory: string, owner: Owner): Promise<Contents> {
  const { incarnation, damage = null } =
    (await readManifest(files, directory, owner)) ?? (await create(files, directory, owner))
  const [snapshot = 0] = (await numbersOf(files, directory, 'snapshot')).reverse()
  const mark = await Mark.open(files, join(directory, 'mark'), incarnation)
  const survey = new Survey(files, directory, incarnation)
  try {
    if (snapshot > 0) await survey.take('snapshot', snapshot, false)
    const numbers = (await numbersOf(files, directory, 'log')).filter((number) => number >= snapshot)
    requireAll(directory, numbers, Math.max(1, snapshot), mark.position, snapshot > 0)
    for (const number of numbers) await survey.take('log', number, number === numbers.at(-1))
    await survey.close(mark.position)
    // Only what was found whole is changed.
    await removeUnfinished(files, directory)
    await removeBelow(files, directory, snapshot)
  } catch (error) {
    await mark.close()
    for (const { file } of survey.files) await file.close()
    throw error
  }
  const { records, cut, active } = survey
  return { incarnation, damage, mark, files: survey.files, active, snapshot: snapshot > 0, records, cut }
}

/** The files of a directory as they are checked, one after another. */
class Survey {
  readonly files: Found[] = []
  records = 0
  cut = 0
  active: LogFile | null = null
  readonly #files: Files
  readonly #directory: string
  readonly #incarnation: number
  #ending: Ending = { state: 'complete', end: 0 }
  #size = 0

  constructor(files: Files, directory: string, incarnation: number) {
    this.#files = files
    this.#directory = directory
    this.#incarnation = incarnation
  }

  /** Checks a file. Only the last one of the log may be open. */
  async take(kind: 'log' | 'snapshot', number: number, last: boolean): Promise<void> {
    const path = pathOf(this.#directory, kind, number)
    const file = await this.#files.open(path, 'write')
    const found = { file, head: null as SealedHead | null, end: 0 }
    this.files.push(found as Found)
    this.#size = await file.size()
    const window = new Window(file, this.#size)
    found.head = decodeHead(path, (offset, length) => window.read(offset, length))
    const { head } = found.head
    if (head.kind !== kind || head.number !== number || head.incarnation !== this.#incarnation) {
      throw damage(path, 0, `the head of ${head.kind}-${head.number} of memory ${head.incarnation}`)
    }
    const batches = batchesOf(window, found.head)
    let step = batches.next()
    for (; !step.done; step = batches.next()) {
      for (const _ of recordsOf(path, step.value)) this.records += 1
    }
    this.#ending = step.value
    found.end = step.value.end
    if (step.value.state !== 'complete' && !last) throw damage(path, found.end, 'the end of the file is missing')
  }

  /** After the last file: checks the end of the log against the mark, and mends what a crash left unfinished. */
  async close(mark: Position | null): Promise<void> {
    const last = this.files.at(-1)
    if (!last) return
    const { state, end } = this.#ending
    const { number } = last.head.head
    if (mark && mark.number === number && mark.end > end) {
      throw damage(last.file.path, end, `the log ends here, but is acknowledged up to byte ${mark.end}`)
    }
    if (state === 'complete') return
    this.active = new LogFile(last.file, last.head, end)
    if (state === 'torn') this.cut = this.#size - end
    if (state !== 'open') await this.active.mend(state)
  }
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

/** The manifest, or null where nothing has been kept yet. */
async function readManifest(files: Files, directory: string, owner: Owner): Promise<Manifest | null> {
  const path = join(directory, 'manifest')
  const names = await files.list(directory)
  if (!names.includes('manifest')) {
    if (names.some((name) => NAME.test(name))) throw damage(path, null, 'this file is missing')
    return null
  }
  const file = await files.open(path, 'read')
  const bytes = new Uint8Array(await file.size())
  file.read(bytes, 0)
  await file.close()
  const manifest = decodeManifest(path, bytes)
  requireOwner(path, manifest, owner)
  return manifest
}

/** Removes what a crash has left unfinished. */
export async function removeUnfinished(files: Files, directory: string): Promise<void> {
  for (const name of await files.list(directory)) {
    if (name.endsWith(ASIDE)) await files.remove(join(directory, name))
  }
}

/** Begins a new memory. The manifest comes last: without it there is nothing yet. */
async function create(files: Files, directory: string, owner: Owner): Promise<Manifest> {
  const manifest = { format: FORMAT, ...owner, incarnation: drawIncarnation() }
  await removeUnfinished(files, directory)
  if ((await files.list(directory)).includes('mark')) await files.remove(join(directory, 'mark'))
  await Mark.create(files, join(directory, 'mark'))
  await files.syncDirectory(directory)
  await writeManifest(files, directory, manifest)
  return manifest
}

/** Puts a manifest in its place, durably. */
export async function writeManifest(files: Files, directory: string, manifest: Manifest): Promise<void> {
  const path = join(directory, 'manifest')
  const file = await files.open(path + ASIDE, 'new')
  await file.write(encodeManifest(manifest), 0)
  await file.sync()
  await file.close()
  await files.rename(path + ASIDE, path)
  await files.syncDirectory(directory)
}

/** Makes a directory, durable in the one above it. */
export async function makeDirectory(files: Files, directory: string): Promise<void> {
  const first = await files.makeDirectory(directory)
  if (first === undefined) return
  const top = resolve(first)
  for (let path = resolve(directory); path.length >= top.length; path = dirname(path)) {
    await files.syncDirectory(dirname(path))
  }
}
