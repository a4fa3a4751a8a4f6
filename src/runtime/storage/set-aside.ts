/**
 * What becomes of a damaged directory whose node has peers: all that is in it moves into a folder beside, for the
 * operator to look at, and a new memory begins, which knows that it has forgotten.
 *
 * What needs room is written first: where there is none, all stays as it was, and the next start tries again. Then comes
 * the new manifest. With it on disk the node never again passes for one that remembers, nor for a new one, wherever a
 * crash falls. It says what was damaged, where that goes, and that it is still moving: whatever start comes next goes on
 * with that, and no record is kept before a last manifest says that all of it is there.
 */
import { join } from 'node:path'
import { SynodError } from '../../errors.ts'
import { drawIncarnation } from '../chance.ts'
import { isSystemError } from '../unusable.ts'
import { makeDirectory, readManifest, removeUnfinished } from './directory.ts'
import type { Files } from './files.ts'
import { Damage } from './format/damage.ts'
import { encodeManifest, FORMAT, type Manifest, type Owner } from './format/manifest.ts'
import { parseName } from './format/names.ts'
import { ASIDE } from './log-file.ts'
import { Mark } from './mark.ts'
import { readWhole, writeWhole } from './whole-file.ts'

/** The folders are called `damaged-1`, `damaged-2` … */
const FOLDER = /^damaged-([1-9][0-9]*)$/

/** The manifest that says that all is moved, until it counts: it is prepared with the one that says what moves. */
const MOVED = `moved${ASIDE}`

/** The copy of the old manifest in a folder, and before it is whole. */
const COPY: readonly string[] = ['manifest', `manifest${ASIDE}`]

/**
 * Sets aside what is in a directory, whose lock must be held.
 * @throws SynodError `storage`, which says what is damaged and why it cannot be set aside
 */
export async function setAside(files: Files, directory: string, owner: Owner, damage: Damage): Promise<void> {
  try {
    await removeUnfinished(files, directory)
    const begun = await folderOfLastTry(files, directory, owner)
    const kept = begun ?? (await newFolder(files, directory))
    const incarnation = drawIncarnation()
    const manifest: Manifest = { format: FORMAT, ...owner, incarnation, damage: damage.message, kept, moving: true }
    await begin(files, directory, manifest, begun === null)
    const folder = join(directory, kept)
    for (const name of await toMove(files, directory)) await files.rename(join(directory, name), join(folder, name))
    await files.syncDirectory(folder)
    await files.rename(join(directory, 'mark') + ASIDE, join(directory, 'mark'))
    await files.syncDirectory(directory)
    // Not before: with it, a directory without a mark would be damaged once more.
    await files.rename(join(directory, MOVED), join(directory, 'manifest'))
    await files.syncDirectory(directory)
  } catch (error) {
    if (!isSystemError(error) && !(error instanceof SynodError)) throw error
    const sentence = `its records are damaged, and cannot be set aside (${error.message}); ${damage.message}`
    throw new SynodError('storage', `${directory}: ${sentence}`)
  }
}

/** Puts the new manifest in the place of the old one, of which the folder gets a copy. Where it fails nothing has changed. */
async function begin(files: Files, directory: string, manifest: Manifest, copies: boolean): Promise<void> {
  const path = join(directory, 'manifest')
  const folder = join(directory, manifest.kept!)
  const { moving: _, ...moved } = manifest
  try {
    await Mark.create(files, join(directory, 'mark') + ASIDE)
    await writeWhole(files, join(directory, MOVED), encodeManifest(moved))
    await writeWhole(files, path + ASIDE, encodeManifest(manifest))
    await makeDirectory(files, folder)
    if (copies) await copyManifest(files, directory, folder)
    await files.syncDirectory(folder)
    await files.rename(path + ASIDE, path)
  } catch (error) {
    // As far as that is possible: what is left does no harm.
    await giveUp(files, directory, copies ? folder : null).catch(() => {})
    throw error
  }
  await files.syncDirectory(directory)
}

/** Removes what was made in vain. Once the new manifest has its place, the copy of the old one is all that there is of it. */
async function giveUp(files: Files, directory: string, folder: string | null): Promise<void> {
  const names = await files.list(directory)
  if (folder !== null && names.includes(`manifest${ASIDE}`)) {
    const copies = await files.list(folder).catch(() => [])
    for (const copy of copies.filter((name) => COPY.includes(name))) await files.remove(join(folder, copy))
  }
  await removeUnfinished(files, directory)
}

/** The folder into which an earlier try has begun to move what was there; null if none has. */
async function folderOfLastTry(files: Files, directory: string, owner: Owner): Promise<string | null> {
  const manifest = await readManifest(files, directory, owner).catch((error: unknown) => {
    if (error instanceof Damage) return null
    throw error
  })
  if (!manifest?.moving) return null
  const kept = manifest.kept!
  const there = (await files.list(directory)).includes(kept) ? await files.list(join(directory, kept)) : []
  // A name that is in both places is not to be replaced: somebody has put it there.
  return (await toMove(files, directory)).some((name) => there.includes(name)) ? null : kept
}

/** What is there but for the manifest, and for an empty mark: it says nothing, and an earlier try may have made it. */
async function toMove(files: Files, directory: string): Promise<string[]> {
  const names = (await files.list(directory)).filter((name) => name === 'mark' || parseName(name))
  const blank = names.includes('mark') && (await Mark.isEmpty(files, join(directory, 'mark')))
  return blank ? names.filter((name) => name !== 'mark') : names
}

/** A folder for what was not set aside before: the last one if a try in vain has left it, else the next number. */
async function newFolder(files: Files, directory: string): Promise<string> {
  const names = await files.list(directory)
  const last = Math.max(0, ...names.map((name) => Number(FOLDER.exec(name)?.[1] ?? 0)))
  const inVain = last > 0 && (await isInVain(files, directory, join(directory, `damaged-${last}`)).catch(() => false))
  return inVain ? `damaged-${last}` : `damaged-${last + 1}`
}

/** Whether there is at most a copy in a folder, of the manifest that still counts. */
async function isInVain(files: Files, directory: string, folder: string): Promise<boolean> {
  const names = await files.list(folder)
  if (!names.every((name) => COPY.includes(name))) return false
  await removeUnfinished(files, folder)
  if (!names.includes('manifest')) return true
  const [copy, original] = [
    await readWhole(files, join(folder, 'manifest')),
    await readWhole(files, join(directory, 'manifest')),
  ]
  return Buffer.compare(copy, original) === 0
}

/** Copies the manifest, if there is one and no copy yet. */
async function copyManifest(files: Files, directory: string, folder: string): Promise<void> {
  if (!(await files.list(directory)).includes('manifest')) return
  if ((await files.list(folder)).includes('manifest')) return
  const copy = join(folder, 'manifest')
  await writeWhole(files, copy + ASIDE, await readWhole(files, join(directory, 'manifest')))
  await files.rename(copy + ASIDE, copy)
}
