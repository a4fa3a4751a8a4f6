/**
 * What becomes of a damaged directory whose node has peers: all that is in it moves into a folder beside, for the
 * operator to look at, and a new memory begins, which knows that it has forgotten.
 *
 * The new manifest comes first. With it on disk the node never again passes for one that remembers, nor for a new one,
 * wherever a crash falls: what still lies in the old places is of another memory, so it is found damaged once more.
 */
import { join } from 'node:path'
import { drawIncarnation } from '../chance.ts'
import { removeUnfinished, writeManifest } from './directory.ts'
import type { Files } from './files.ts'
import type { Damage } from './format/damage.ts'
import { FORMAT, type Owner } from './format/manifest.ts'
import { parseName } from './format/names.ts'
import { Mark } from './mark.ts'

/** The folders are called `damaged-1`, `damaged-2` … */
const FOLDER = /^damaged-([1-9][0-9]*)$/

/** Sets aside what is in a directory, whose lock must be held; gives the folder's path. */
export async function setAside(files: Files, directory: string, owner: Owner, damage: Damage): Promise<string> {
  await removeUnfinished(files, directory)
  const names = await files.list(directory)
  const last = Math.max(0, ...names.map((name) => Number(FOLDER.exec(name)?.[1] ?? 0)))
  const folder = join(directory, `damaged-${last + 1}`)
  await files.makeDirectory(folder)
  // Its name is going to be the new one's.
  if (names.includes('manifest')) await copy(files, join(directory, 'manifest'), join(folder, 'manifest'))
  await files.syncDirectory(folder)
  const manifest = { format: FORMAT, ...owner, incarnation: drawIncarnation(), damage: damage.message }
  await writeManifest(files, directory, manifest)
  for (const name of names) {
    if (name === 'mark' || parseName(name)) await files.rename(join(directory, name), join(folder, name))
  }
  await files.syncDirectory(folder)
  await Mark.create(files, join(directory, 'mark'))
  await files.syncDirectory(directory)
  return folder
}

async function copy(files: Files, from: string, to: string): Promise<void> {
  const source = await files.open(from, 'read')
  const bytes = new Uint8Array(await source.size())
  source.read(bytes, 0)
  await source.close()
  const target = await files.open(to, 'new')
  await target.write(bytes, 0)
  await target.sync()
  await target.close()
}
