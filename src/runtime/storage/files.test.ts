/** The storage on the real file system: what the tests with a made-up one cannot see. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { DiskStorage } from './disk-storage.ts'
import { KINDS, OWNER, record, recordsBelow } from './testing/counted.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'synod-storage-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

function open(): Promise<DiskStorage> {
  return DiskStorage.open({ directory: join(directory, 'deep', 'er'), owner: OWNER, segmentBytes: 2000 })
}

function synced(storage: DiskStorage): Promise<void> {
  return new Promise((resolve, reject) => storage.sync(resolve, reject))
}

test('records, a checkpoint, an end and a start, with real files', async () => {
  const first = await open()
  expect([...first.recover(KINDS)]).toEqual([])
  for (let n = 0; n < 100; n++) {
    first.append(record(n))
    if (n % 7 === 0) await synced(first)
  }
  await new Promise<void>((done, failed) => first.checkpoint(recordsBelow(100), done, failed))
  first.append(record(100))
  await synced(first)
  await first.close()
  const names = readdirSync(join(directory, 'deep', 'er')).sort()
  expect(names.map((name) => name.replace(/\d+/, 'N'))).toEqual(['log-N', 'manifest', 'mark', 'snapshot-N'])

  const second = await open()
  const found = [...second.recover(KINDS)]
  expect(found.map(({ number }) => number)).toEqual(Array.from({ length: 101 }, (_, n) => record(n).number))
  for (const [n, { payload }] of found.entries()) expect(Buffer.compare(payload, record(n).payload)).toBe(0)
  await second.close()
})

test('one at a time; what is refused leaves nothing behind', async () => {
  const first = await open()
  await expect(open()).rejects.toMatchObject({ code: 'storage', message: expect.stringMatching(/er: held by another/) })
  await first.close()
  const path = join(directory, 'deep', 'er')
  const manifest = readFileSync(join(path, 'manifest'))
  writeFileSync(join(path, 'manifest'), manifest.subarray(1))
  await expect(open()).rejects.toThrow('the manifest is damaged')
  expect(readdirSync(path).sort()).toEqual(['manifest', 'mark'])
  writeFileSync(join(path, 'manifest'), manifest)
  await (await open()).close()
})

test.skipIf(!existsSync('/dev/full'))('a full disk ends it (skipped where there is no /dev/full)', async () => {
  const { realFiles } = await import('./files.ts')
  const full = await realFiles.open('/dev/full', 'write')
  await expect(full.write(new Uint8Array(10), 0)).rejects.toMatchObject({ code: 'ENOSPC' })
  await full.close()
})
