/** Writes a snapshot: records like the log's own, in a file aside that counts once all of it is durable. */
import type { StoredRecord } from '../../seams.ts'
import type { Files } from './files.ts'
import { Batch } from './format/batch.ts'
import type { Head } from './format/head.ts'
import { LogFile } from './log-file.ts'

/** Records are taken in pieces of about this size; between two of them the node has its turns. */
const PIECE_BYTES = 256 * 1024
/** After so many bytes they are made durable, so that no sync of the log waits behind all of them. */
const SYNC_BYTES = 16 * 1024 * 1024

/**
 * Gives the length of the snapshot, or null when `isGivenUp` said so meanwhile; the file then never counts.
 * @throws what `records` or the file system throws
 */
export async function writeSnapshot(
  files: Files,
  path: string,
  head: Head,
  records: Iterator<StoredRecord>,
  isGivenUp: () => boolean,
): Promise<number | null> {
  const file = await LogFile.create(files, path, head)
  try {
    const batch = new Batch()
    let synced = file.end
    for (let last = false; !last; ) {
      last = gather(batch, records)
      if (!batch.empty) await file.write(batch)
      batch.clear()
      if (isGivenUp()) return null
      if (file.end - synced >= SYNC_BYTES) {
        await file.sync()
        synced = file.end
      }
    }
    await file.complete()
    await file.publish(files, path)
    return file.end
  } finally {
    await file.close()
  }
}

/** Adds the next piece of the records to a batch; true when there are no more. */
function gather(batch: Batch, records: Iterator<StoredRecord>): boolean {
  while (batch.size < PIECE_BYTES) {
    const { done, value } = records.next()
    if (done) return true
    batch.add(value)
  }
  return false
}
