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
import type { File, Files } from './files.ts'
import { Damage, damage } from './format/damage.ts'
import { type Found, type Inspection, inspect, type Opened } from './format/inspection.ts'
import { decodeManifest, encodeManifest, FORMAT, type Manifest, type Owner, requireOwner } from './format/manifest.ts'
import { numbersOf, parseName, pathOf } from './format/names.ts'
import { ASIDE, LogFile } from './log-file.ts'
import { Mark } from './mark.ts'
import { readWhole, writeWhole } from './whole-file.ts'

/** What is in a directory. */
export interface Contents {
  readonly incarnation: number
  /** What was wrong with an earlier memory, which is lost; null when this is the first. */
  readonly damage: string | null
  /** The folder that holds it; null where there is none. */
  readonly kept: string | null
  readonly mark: Mark
  /** The snapshot, if there is one, and the files of the log, in the order of their records. */
  readonly files: readonly Found<File>[]
  /** The last file of the log, where more may be appended; null when there is none, or it is complete. */
  readonly active: LogFile | null
  /** Whether a first file is a snapshot. */
  readonly snapshot: boolean
  readonly records: number
  /** How many bytes of an unfinished write were cut off. */
  readonly cut: number
}

/** Removes what a snapshot stands for: older snapshots, and the files of the log below its number. */
export async function removeBelow(files: Files, directory: string, snapshot: number): Promise<void> {
  const names = await files.list(directory)
  for (const kind of ['snapshot', 'log'] as const) {
    for (const number of numbersOf(names, kind)) {
      if (number < snapshot) await files.remove(pathOf(directory, kind, number))
    }
  }
}

/**
 * Reads or makes a directory, whose lock must be held. What is found there may be no more than the kernel's memory of what a
 * process did that was killed: it is synced, names and contents, before anything rests on it.
 * @throws SynodError `storage` when something is damaged or missing, `config` when it is another owner's
 */
export async function openDirectory(files: Files, directory: string, owner: Owner): Promise<Contents> {
  await files.syncDirectory(directory)
  const manifest = (await readManifest(files, directory, owner)) ?? (await create(files, directory, owner))
  const { incarnation, damage = null, kept = null, moving } = manifest
  // What is in the old places says nothing: the damage is still that which was found first.
  if (moving) throw new Damage('storage', damage!)
  const mark = await Mark.open(files, join(directory, 'mark'), incarnation)
  const opened = new Map<string, Opened<File>>()
  try {
    await openAll(files, directory, opened)
    const inspection = inspect(directory, opened, incarnation, mark.position)
    // Only what was found whole is changed.
    const { active, cut } = await mend(inspection)
    const [snapshot = 0] = numbersOf(opened.keys(), 'snapshot')
    await removeUnfinished(files, directory)
    await removeBelow(files, directory, snapshot)
    return {
      incarnation,
      damage,
      kept,
      mark,
      files: inspection.files,
      active,
      snapshot: snapshot > 0,
      records: inspection.records,
      cut,
    }
  } catch (error) {
    await mark.close()
    for (const { file } of opened.values()) await file.close()
    throw error
  }
}

/** Opens the last snapshot, and the files of the log that it does not stand for. */
async function openAll(files: Files, directory: string, opened: Map<string, Opened<File>>): Promise<void> {
  const names = await files.list(directory)
  const [snapshot = 0] = numbersOf(names, 'snapshot').reverse()
  for (const name of names) {
    const parsed = parseName(name)
    if (!parsed || parsed.number < snapshot) continue
    const file = await files.open(pathOf(directory, parsed.kind, parsed.number), 'write')
    opened.set(name, { file, size: 0 })
    opened.set(name, { file, size: await file.size() })
    await file.sync()
  }
}

/** Mends what a crash left unfinished at the end of the log; gives its last file where more may be appended. */
async function mend({ files, ending, size }: Inspection<File>): Promise<{ active: LogFile | null; cut: number }> {
  const last = files.at(-1)
  if (!last || ending.state === 'complete') return { active: null, cut: 0 }
  const active = new LogFile(last.file, last.head, ending.end)
  if (ending.state !== 'open') await active.mend(ending.state)
  return { active, cut: ending.state === 'torn' ? size - ending.end : 0 }
}

/**
 * The manifest, or null where nothing has been kept yet.
 * @throws Damage, or SynodError `config` when it is another owner's
 */
export async function readManifest(files: Files, directory: string, owner: Owner): Promise<Manifest | null> {
  const path = join(directory, 'manifest')
  const names = await files.list(directory)
  if (!names.includes('manifest')) {
    if (names.some((name) => parseName(name))) throw damage(path, null, 'this file is missing')
    return null
  }
  const manifest = decodeManifest(path, await readWhole(files, path))
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
  const path = join(directory, 'manifest')
  await writeWhole(files, path + ASIDE, encodeManifest(manifest))
  await files.rename(path + ASIDE, path)
  await files.syncDirectory(directory)
  return manifest
}

/**
 * Why a directory cannot be synced in which this process has made nothing, nor an earlier one: its owner keeps it from this
 * process, or what it lies in knows no sync, or no writing, such as a mount on demand.
 */
const OTHERS: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS', 'EINVAL', 'ENOTSUP', 'EOPNOTSUPP'])

/** Makes a directory, durable in those above it; also one that a process has made which was killed before it could sync it. */
export async function makeDirectory(files: Files, directory: string): Promise<void> {
  const first = await files.makeDirectory(directory)
  const made = first === undefined ? Number.POSITIVE_INFINITY : resolve(first).length
  for (let path = resolve(directory); path !== dirname(path); path = dirname(path)) {
    try {
      await files.syncDirectory(dirname(path))
    } catch (error) {
      if (path.length < made && OTHERS.has((error as NodeJS.ErrnoException).code ?? '')) return
      throw error
    }
  }
}
