/** Turns that append more than one batch holds: several of them, in order, told once all are durable. */
import { expect, test } from 'vitest'
import { HandFiles, systemError } from '../../../test/support/hand-files.ts'
import type { StoredRecord } from '../../seams.ts'
import { Batches } from './batches.ts'
import { BATCH_OVERHEAD, type Batch, RECORD_HEADER } from './format/batch.ts'
import { decodeHead } from './format/head.ts'
import { batchesOf, recordsOf } from './format/scan.ts'
import { Window } from './format/window.ts'
import { Counted, DIRECTORY } from './testing/counted.ts'

const MOST = 200

/** A record of so many bytes on disk. */
function recordOf(bytes: number): StoredRecord {
  return { number: 16, payload: new Uint8Array(bytes - RECORD_HEADER).fill(bytes) }
}

function sizesOf(batches: readonly Batch[]): number[] {
  return batches.map(({ size }) => size - BATCH_OVERHEAD)
}

/** How many records are in each batch of a log file. */
async function countsIn(files: HandFiles, name: string): Promise<number[]> {
  const file = await files.open(`${DIRECTORY}/${name}`, 'read')
  const window = new Window(file, await file.size())
  const head = decodeHead(file.path, (offset, length) => window.read(offset, length))
  return [...batchesOf(window, head)].map((batch) => [...recordsOf(file.path, batch)].length)
}

test('a batch is as long as it may be, and only one of a single record is longer', () => {
  const batches = new Batches(100 + BATCH_OVERHEAD)
  expect(batches.take()).toEqual([])
  for (const bytes of [60, 40, 10, 91, 9, 500, 100, 20]) batches.add(recordOf(bytes))
  const taken = batches.take()
  expect(sizesOf(taken)).toEqual([100, 10, 100, 500, 100, 20])
  expect(batches.take()).toEqual([])
  for (const batch of taken) batches.giveBack(batch)
  batches.add(recordOf(30))
  expect(sizesOf(batches.take())).toEqual([30])
})

test('what was given back is written over only by what is added later', () => {
  const batches = new Batches(1000)
  batches.add(recordOf(30))
  const [first] = batches.take()
  batches.add(recordOf(40))
  batches.giveBack(first!)
  expect(sizesOf(batches.take())).toEqual([40])
  batches.add(recordOf(50))
  expect(batches.take()).toEqual([first])
  expect(sizesOf([first!])).toEqual([50])
})

test('a long turn is several batches, each written and synced in order, and is told once all of them are', async () => {
  const files = new HandFiles()
  const log = await Counted.open(files, { segmentBytes: 1 << 20, batchBytes: MOST, checkpointBytes: 1 << 20 })
  log.append(1)
  await log.sync()
  const before = files.calls.length
  log.append(60)
  const told = log.sync()
  log.append(1)
  let synced = 0
  files.onCall = (call, path) => {
    if (call === 'sync' && path.includes('log-')) synced += 1
    expect(log.acknowledged).toBe(1)
  }
  await told
  files.onCall = () => {}
  const counts = await countsIn(files, 'log-1')
  expect(counts.length).toBeGreaterThan(5)
  expect([synced, counts.reduce((sum, count) => sum + count)]).toEqual([counts.length - 1, 61])
  const path = `${DIRECTORY}/log-1.new`
  const each = [`write ${path}`, `sync ${path}`]
  expect(files.calls.slice(before).filter((call) => call.endsWith(path))).toEqual(
    Array.from({ length: synced }, () => each).flat(),
  )
  expect(log.acknowledged).toBe(61)
  await log.sync()
  await log.storage.close()
  expect((await Counted.open(files)).recovered).toBe(62)
})

test('a file that is full gets its successor in the middle of a turn; so does what a checkpoint replaces', async () => {
  const files = new HandFiles()
  const log = await Counted.open(files, { segmentBytes: 600, batchBytes: MOST })
  log.append(80)
  await log.sync()
  expect(files.paths.filter((path) => path.includes('log-')).length).toBeGreaterThan(2)
  log.append(40)
  await log.checkpoint()
  expect(log.failure).toBeNull()
  await log.storage.close()
  expect((await Counted.open(files)).recovered).toBe(120)
})

test('after a batch that fails those behind it are not written, and the turn has failed', async () => {
  const files = new HandFiles()
  const log = await Counted.open(files, { segmentBytes: 1 << 20, batchBytes: MOST })
  log.append(1)
  await log.sync()
  let writes = 0
  files.onCall = (call, path) => {
    if (call === 'write' && path.includes('log-') && ++writes === 3) throw systemError('ENOSPC', path)
  }
  log.append(60)
  await log.sync()
  expect(log).toMatchObject({ acknowledged: 1, failure: { code: 'ENOSPC' } })
  expect(writes).toBe(3)
})
