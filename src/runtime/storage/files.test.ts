/** The storage on the real file system: what the tests with a made-up one cannot see. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { DiskStorage } from './disk-storage.ts'
import { type Files, realFiles } from './files.ts'
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

test('while others have all descriptors it waits for one, as for a slow disk', () => {
  const program = join(import.meta.dirname, 'testing/few-descriptors.ts')
  const command = 'ulimit -n 100; exec "$@"'
  const argv = ['-c', command, 'sh', process.execPath, '--conditions=source', '--import=tsx', program, directory]
  const [waited, done] = execFileSync('sh', argv, { encoding: 'utf8' }).split('\n').map(Number)
  expect(waited).toBeGreaterThan(10)
  expect(done).toBe(22)
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

test('damage that cannot be set aside leaves one folder at most, which is used once it can', async () => {
  const path = join(directory, '1.1')
  const options = { directory: path, owner: OWNER, setsAside: true }
  await (await DiskStorage.open(options)).close()
  rmSync(join(path, 'mark'))
  const manifest = readFileSync(join(path, 'manifest'))
  const files: Files = {
    ...realFiles,
    rename: (from, to) =>
      Promise.reject(Object.assign(new Error('EPERM'), { code: 'EPERM', syscall: 'rename', from, to })),
  }
  for (let attempt = 0; attempt < 3; attempt++) {
    await expect(DiskStorage.open({ ...options, files })).rejects.toMatchObject({
      code: 'storage',
      message: `${path}: its records are damaged, and cannot be set aside (EPERM); ${path}/mark: this file is missing`,
    })
    expect(readdirSync(path).sort()).toEqual(['damaged-1', 'manifest'])
    expect(readdirSync(join(path, 'damaged-1'))).toEqual([])
    expect(readFileSync(join(path, 'manifest'))).toEqual(manifest)
  }
  const storage = await DiskStorage.open(options)
  expect(storage.recovered.aside).toBe(join(path, 'damaged-1'))
  expect(readFileSync(join(path, 'damaged-1', 'manifest'))).toEqual(manifest)
  await storage.close()
})

test.each(['makeDirectory', 'lock', 'list', 'open', 'syncDirectory'] as const)(
  'a system error of %s at the start names the directory',
  async (call) => {
    const fails = (code: string) => () => Promise.reject(Object.assign(new Error(code), { code, syscall: 'some' }))
    const path = join(directory, '1.1')
    const start = (code: string) =>
      DiskStorage.open({ directory: path, owner: OWNER, files: { ...realFiles, [call]: fails(code) } })
    await expect(start('ENOSPC')).rejects.toMatchObject({ code: 'ENOSPC', message: `${path}: ENOSPC` })
    await expect(start('EPERM')).rejects.toMatchObject({ code: 'config', message: `${path}: permission denied` })
    await (await DiskStorage.open({ directory: path, owner: OWNER })).close()
  },
)

test.each(['manifest', 'mark', 'snapshot-7', 'log-1000'])('a directory called %s is named', async (name) => {
  const path = join(directory, '1.1')
  await (await DiskStorage.open({ directory: path, owner: OWNER })).close()
  rmSync(join(path, name), { force: true })
  mkdirSync(join(path, name))
  await expect(DiskStorage.open({ directory: path, owner: OWNER })).rejects.toMatchObject({
    code: 'config',
    message: `${join(path, name)}: is a directory, not a file`,
  })
})

test.skipIf(!existsSync('/dev/null'))(
  'more than one call of the system takes (skipped where there is no /dev/null)',
  async () => {
    const file = await realFiles.open('/dev/null', 'write')
    // Never touched, so it takes no memory.
    const bytes = new Uint8Array(2 ** 31 + 1)
    await file.write(bytes, 0)
    expect(file.read(bytes, 0)).toBe(0)
    await file.close()
  },
)

test.skipIf(!existsSync('/dev/full'))('a full disk ends it (skipped where there is no /dev/full)', async () => {
  const full = await realFiles.open('/dev/full', 'write')
  await expect(full.write(new Uint8Array(10), 0)).rejects.toMatchObject({ code: 'ENOSPC' })
  await full.close()
})
