/** What `-storage` and the configuration's `storage` name: memory, or a directory with a folder for each node. */
import { join } from 'node:path'
import type { Log, Storage } from '../../seams.ts'
import { memoryStorage } from '../memory-storage.ts'
import { DiskStorage } from './disk-storage.ts'
import type { Owner } from './format/manifest.ts'

/** A storage that holds on to something until it is closed. */
export interface OpenStorage extends Storage {
  /** How long the log behind the last snapshot is, and that snapshot; null without a disk. */
  readonly bytes: { readonly log: number; readonly snapshot: number } | null
  /** What was wrong with the records that were here before, which are lost to this node; null when nothing was. */
  readonly damage: string | null
  close(): Promise<void>
}

/**
 * Opens the storage of one node, and logs what was found there.
 * @param place `memory`, or a directory; the node's own is the folder with its name
 * @param checkpointBytes see `DiskOptions`
 * @throws SynodError `storage` or `config`, or the system's error; see `DiskStorage.open`
 */
export async function openStorage(
  place: string,
  owner: Owner,
  checkpointBytes: number,
  log: Log,
): Promise<OpenStorage> {
  if (place === 'memory') return memoryStorage()
  const directory = join(place, owner.node)
  const storage = await DiskStorage.open({ directory, owner, checkpointBytes, setsAside: owner.members.length > 1 })
  const { records, bytes, cut, aside } = storage.recovered
  if (aside !== null) log.error('damaged', { damage: storage.damage, kept: aside })
  log.info('recovered', { directory, records, bytes, cut })
  return storage
}
