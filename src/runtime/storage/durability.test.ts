/**
 * What the storage asks of the system before it says that something is durable. A killed process shows none of it, for
 * what was written outlives that in the kernel's memory; so here the calls themselves are watched, on real files.
 */
import { fstatSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { DiskStorage } from './disk-storage.ts'
import { realFiles } from './files.ts'
import { KINDS, OWNER, record, recordsBelow } from './testing/counted.ts'

/** How long a watched sync takes at least: so many turns of the event loop. */
const TURNS = 20

let root: string
/** What happened, in order: calls that begin and end, with the number of the file, and what the storage said. */
let events: string[]
/** The names that were in a directory when a sync of it began, by the directory's path. */
let seen: Map<string, Set<string>>

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'synod-durability-'))
  events = []
  seen = new Map()
  const handle = await open(root, 'r')
  const prototype = Object.getPrototypeOf(handle) as FileHandle
  await handle.close()
  for (const call of ['write', 'datasync', 'sync'] as const) watch(prototype, call)
})

afterEach(() => {
  vi.restoreAllMocks()
  rmSync(root, { recursive: true })
})

/** Notes when a call of a file handle begins, and when it has ended, which it does later than it would. */
function watch(prototype: FileHandle, call: 'write' | 'datasync' | 'sync'): void {
  const original = prototype[call] as (...words: unknown[]) => Promise<unknown>
  const watched = async function (this: FileHandle, ...words: unknown[]): Promise<unknown> {
    const file = fstatSync(this.fd)
    const names = file.isDirectory() ? namesIn(file.ino) : []
    events.push(`${call} ${file.ino}`)
    const result = await original.apply(this, words)
    for (let turn = 0; turn < TURNS; turn++) await new Promise(setImmediate)
    events.push(`${call} ended ${file.ino}`)
    for (const [path, name] of names) seen.set(path, (seen.get(path) ?? new Set()).add(name))
    return result
  }
  vi.spyOn(prototype, call).mockImplementation(watched as never)
}

/** The path of the directory with this number, beside each of the names in it; for those that the tests make. */
function namesIn(number: number): [path: string, name: string][] {
  const path = [root, join(root, 'data'), join(root, 'data', '1.1')].find((one) => isNumber(one, number))
  return path === undefined ? [] : readdirSync(path).map((name) => [path, name])
}

function isNumber(path: string, number: number): boolean {
  return statSync(path, { throwIfNoEntry: false })?.ino === number
}

function openStorage(): Promise<DiskStorage> {
  return DiskStorage.open({ directory: join(root, 'data', '1.1'), owner: OWNER, segmentBytes: 500 })
}

function synced(storage: DiskStorage): Promise<void> {
  return new Promise((resolve, reject) => {
    const told = () => {
      events.push('told')
      resolve()
    }
    storage.sync(told, reject)
  })
}

test('an append is told once the log is written and its datasync has ended', async () => {
  const storage = await openStorage()
  storage.append(record(0))
  await synced(storage)
  const log = statSync(join(root, 'data', '1.1', 'log-1')).ino
  for (let n = 1; n < 4; n++) {
    events = []
    storage.append(record(n))
    await synced(storage)
    const ofLog = events.filter((event) => event === 'told' || event.endsWith(` ${log}`))
    expect(ofLog).toEqual([`write ${log}`, `write ended ${log}`, `datasync ${log}`, `datasync ended ${log}`, 'told'])
  }
  await storage.close()
})

test('a file, the manifest and the mark among them, is synced before its name counts', async () => {
  const storage = await openStorage()
  const directory = join(root, 'data', '1.1')
  for (const name of ['manifest', 'mark']) {
    expect(events, name).toContain(`datasync ended ${statSync(join(directory, name)).ino}`)
  }
  await storage.close()
})

test('names are durable before anything that rests on them is told: of directories, logs and snapshots', async () => {
  const storage = await openStorage()
  const directory = join(root, 'data', '1.1')
  const names = (path: string) => [...(seen.get(path) ?? [])]
  expect(names(root)).toContain('data')
  expect(names(join(root, 'data'))).toContain('1.1')
  expect(names(directory)).toEqual(expect.arrayContaining(['manifest', 'mark']))
  expect([...storage.recover(KINDS)]).toEqual([])
  for (let n = 0; n < 60; n++) storage.append(record(n))
  await synced(storage)
  expect(names(directory)).toContain('log-1')
  storage.append(record(60))
  await synced(storage)
  expect(names(directory)).toContain('log-2')
  await new Promise<void>((done, failed) => storage.checkpoint(recordsBelow(61), done, failed))
  expect(names(directory)).toContain('snapshot-3')
  await storage.close()
})

test('the file system of this machine syncs what it is asked to', async () => {
  const file = await realFiles.open(join(root, 'file'), 'new')
  await file.write(new Uint8Array(3), 0)
  await file.sync()
  const { ino } = statSync(join(root, 'file'))
  expect(events).toEqual([`write ${ino}`, `write ended ${ino}`, `datasync ${ino}`, `datasync ended ${ino}`])
  await file.close()
  events = []
  await realFiles.syncDirectory(root)
  const directory = statSync(root).ino
  expect(events).toEqual([`sync ${directory}`, `sync ended ${directory}`])
})
