/**
 * What becomes of a damaged directory whose node has peers: all that is in it moves into a folder beside, for the
 * operator to look at, and a new memory begins, which knows that it has forgotten.
 *
 * What needs room is written first: where there is none, all stays as it was, and the next start tries again. Then comes
 * the new manifest. With it on disk the node never again passes for one that remembers, nor for a new one, wherever a
 * crash falls: what still lies in the old places is of another memory, so it is found damaged once more.
 */
import { join } from 'node:path'
import { SynodError } from '../../errors.ts'
import { drawIncarnation } from '../chance.ts'
import { isSystemError } from '../unusable.ts'
import { makeDirectory, prepareManifest, removeUnfinished } from './directory.ts'
import type { Files } from './files.ts'
import type { Damage } from './format/damage.ts'
import { FORMAT, type Manifest, type Owner } from './format/manifest.ts'
import { parseName } from './format/names.ts'
import { ASIDE } from './log-file.ts'
import { Mark } from './mark.ts'

/** The folders are called `damaged-1`, `damaged-2` … */
const FOLDER = /^damaged-([1-9][0-9]*)$/

/**
 * Sets aside what is in a directory, whose lock must be held; gives the folder's path.
 * @throws SynodError `storage`, which says what is damaged and why it cannot be set aside
 */
export async function setAside(files: Files, directory: string, owner: Owner, damage: Damage): Promise<string> {
  try {
    await removeUnfinished(files, directory)
    const names = await files.list(directory)
    const folder = await folderFor(files, directory, names)
    const incarnation = drawIncarnation()
    await begin(files, directory, folder, { format: FORMAT, ...owner, incarnation, damage: damage.message })
    for (const name of names) {
      if (name === 'mark' || parseName(name)) await files.rename(join(directory, name), join(folder, name))
    }
    await files.syncDirectory(folder)
    await files.rename(join(directory, 'mark') + ASIDE, join(directory, 'mark'))
    await files.syncDirectory(directory)
    return folder
  } catch (error) {
    if (!isSystemError(error) && !(error instanceof SynodError)) throw error
    const sentence = `its records are damaged, and cannot be set aside (${error.message}); ${damage.message}`
    throw new SynodError('storage', `${directory}: ${sentence}`)
  }
}

/** Where to: the last folder if an attempt in vain has left it empty, else the next one. */
async function folderFor(files: Files, directory: string, names: readonly string[]): Promise<string> {
  const last = Math.max(0, ...names.map((name) => Number(FOLDER.exec(name)?.[1] ?? 0)))
  const folder = join(directory, `damaged-${last}`)
  const kept = last === 0 ? null : await files.list(folder).catch(() => null)
  return kept?.length === 0 ? folder : join(directory, `damaged-${last + 1}`)
}

/** Puts the new manifest in the place of the old one, of which a copy is in the folder then. Where it fails nothing has changed. */
async function begin(files: Files, directory: string, folder: string, manifest: Manifest): Promise<void> {
  const path = join(directory, 'manifest')
  const copied = join(folder, 'manifest')
  try {
    await Mark.create(files, join(directory, 'mark') + ASIDE)
    await prepareManifest(files, directory, manifest)
    await makeDirectory(files, folder)
    if ((await files.list(directory)).includes('manifest')) await copy(files, path, copied)
    await files.syncDirectory(folder)
    await files.rename(path + ASIDE, path)
  } catch (error) {
    // As far as that is possible: what is left does no harm.
    await removeUnfinished(files, directory).catch(() => {})
    await files.remove(copied).catch(() => {})
    throw error
  }
  await files.syncDirectory(directory)
}

async function copy(files: Files, from: string, to: string): Promise<void> {
  const source = await files.open(from, 'read')
  const bytes = new Uint8Array(await source.size())
  source.read(bytes, 0)
  await source.close()
  const target = await files.open(to, 'new')
  try {
    await target.write(bytes, 0)
    await target.sync()
  } finally {
    await target.close()
  }
}
