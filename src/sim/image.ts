/**
 * A disk as bytes: the files that a server would have, in the servers' own form, and what their own code makes of them
 * once something has happened to these bytes.
 */

import { Batch } from '../runtime/storage/format/batch.ts'
import { damage } from '../runtime/storage/format/damage.ts'
import { encodeHead, type Head } from '../runtime/storage/format/head.ts'
import { type Found, inspect } from '../runtime/storage/format/inspection.ts'
import { decodeManifest, encodeManifest, FORMAT, type Owner, requireOwner } from '../runtime/storage/format/manifest.ts'
import { encodeSlot, MARK_BYTES, readMark } from '../runtime/storage/format/mark-slots.ts'
import { batchesOf, recordsOf } from '../runtime/storage/format/scan.ts'
import { type Source, Window } from '../runtime/storage/format/window.ts'
import type { StoredRecord } from '../seams.ts'

/** Files by their names. */
export type Image = Map<string, Uint8Array>

/** What a disk holds. */
export interface Holding {
  readonly incarnation: number
  /** What stands for what was before the log; null when nothing does. */
  readonly snapshot: readonly StoredRecord[] | null
  /** The log in batches, each one write; the first `synced` of them are durable, and known to be. */
  readonly batches: readonly (readonly StoredRecord[])[]
  readonly synced: number
}

/** What came back. */
export interface Content {
  readonly snapshot: readonly StoredRecord[]
  readonly log: readonly StoredRecord[]
}

const OWNER: Owner = { cluster: 'synod', members: [], node: '', algorithm: '' }

/** The number of the log's file: a snapshot stands for those before it. */
const NUMBER = 2

/** The files of a disk; with the name of the log's, and how much of that is safe. */
export function imageOf({ incarnation, snapshot, batches, synced }: Holding): {
  files: Image
  log: string
  safe: number
} {
  const number = snapshot ? NUMBER : 1
  const image: Image = new Map([['manifest', encodeManifest({ format: FORMAT, ...OWNER, incarnation })]])
  if (snapshot) {
    const { bytes } = fileOf({ kind: 'snapshot', number, incarnation, records: [] }, [snapshot, []])
    image.set(`snapshot-${number}`, bytes)
  }
  const { bytes, ends } = fileOf({ kind: 'log', number, incarnation, records: [] }, batches)
  image.set(`log-${number}`, bytes)
  const mark = new Uint8Array(MARK_BYTES)
  mark.set(encodeSlot(incarnation, { number, end: ends[synced]! }))
  image.set('mark', mark)
  return { files: image, log: `log-${number}`, safe: ends[synced]! }
}

/**
 * What a server would recover from these files.
 * @throws Damage where a server would find some
 */
export function contentOf(image: Image): Content {
  const sources = new Map(
    [...image].map(([name, bytes]) => [name, { file: sourceOf(name, bytes), size: bytes.length }]),
  )
  const manifest = image.get('manifest')
  const mark = sources.get('mark')
  if (!manifest || !mark) throw damage(manifest ? 'mark' : 'manifest', null, 'this file is missing')
  const whose = decodeManifest('manifest', manifest)
  requireOwner('manifest', whose, OWNER)
  const { position } = readMark(mark.file, whose.incarnation)
  const { files } = inspect('.', sources, whose.incarnation, position)
  const of = (kind: Head['kind']) => files.filter(({ head }) => head.head.kind === kind).flatMap(recordsIn)
  return { snapshot: of('snapshot'), log: of('log') }
}

/** A file of these batches; with where each of them begins, and where the file ends. */
function fileOf(head: Head, batches: readonly (readonly StoredRecord[])[]): { bytes: Uint8Array; ends: number[] } {
  const { bytes: first, sealed } = encodeHead(head)
  const parts = [first]
  const ends = [sealed.end]
  for (const records of batches) {
    const batch = new Batch()
    for (const record of records) batch.add(record)
    const bytes = batch.sealed(sealed.seed, ends.at(-1)!)
    parts.push(bytes)
    ends.push(ends.at(-1)! + bytes.length)
  }
  const bytes = new Uint8Array(ends.at(-1)!)
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return { bytes, ends }
}

function recordsIn({ file, head, end }: Found): StoredRecord[] {
  return [...batchesOf(new Window(file, end), head)].flatMap((batch) => [...recordsOf(file.path, batch)])
}

function sourceOf(path: string, bytes: Uint8Array): Source {
  return {
    path,
    read(into, position) {
      const found = bytes.subarray(position, position + into.length)
      into.set(found)
      return found.length
    },
  }
}
