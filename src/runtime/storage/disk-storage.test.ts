/** The storage as a node uses it: batches, failures of the disk, checkpoints, owners, and classes that have changed. */
import { expect, test } from 'vitest'
import { HandFiles, systemError } from '../../../test/support/hand-files.ts'
import type { RecordKind } from '../../seams.ts'
import { DiskStorage } from './disk-storage.ts'
import { Counted, DIRECTORY, KINDS, OWNER, record, recordsBelow, work } from './testing/counted.ts'

function open(files: HandFiles, owner = OWNER): Promise<DiskStorage> {
  return DiskStorage.open({ directory: DIRECTORY, owner, files })
}

function synced(storage: DiskStorage): Promise<void> {
  return new Promise((resolve, reject) => storage.sync(resolve, reject))
}

test('what is appended is one write and one sync; what comes meanwhile is the next', async () => {
  const files = new HandFiles()
  const log = await Counted.open(files, { segmentBytes: 1 << 20 })
  log.append(1)
  await log.sync()
  const before = files.calls.length
  log.append(100)
  const first = log.sync()
  log.append(7)
  await first
  expect(log.acknowledged).toBe(101)
  // The name under which it was opened.
  const path = `${DIRECTORY}/log-1.new`
  expect(files.calls.slice(before).filter((call) => call.endsWith(path))).toEqual([`write ${path}`, `sync ${path}`])
  await log.sync()
  expect(log.acknowledged).toBe(108)
  expect(files.calls.slice(before).filter((call) => call === `sync ${path}`)).toHaveLength(2)
  await log.sync()
  expect(files.calls.slice(before).filter((call) => call === `sync ${path}`)).toHaveLength(2)
})

test('a sync tells only after the turn', async () => {
  const log = await Counted.open(new HandFiles())
  let told = false
  log.append(1)
  log.storage.sync(
    () => {
      told = true
    },
    (error) => expect.unreachable(String(error)),
  )
  expect(told).toBe(false)
  await log.storage.close()
  expect(told).toBe(true)
})

test('the memory has a name of its own for as long as it lives', async () => {
  const files = new HandFiles()
  const first = await open(files)
  await first.close()
  const second = await open(files)
  expect(second.incarnation).toBe(first.incarnation)
  expect((await open(new HandFiles())).incarnation).not.toBe(first.incarnation)
})

test('whatever call fails, the error is told, nothing is written after it, and all that was acknowledged is there', async () => {
  const batches = [1, 3, 8, 9, 5, 9, 9, 2, 3]
  const whole = new HandFiles()
  await work(await Counted.open(whole), batches)
  expect(new Set(whole.calls.map((call) => call.split(' ')[0]))).toEqual(
    new Set(['makeDirectory', 'new', 'write', 'sync', 'rename', 'remove', 'syncDirectory']),
  )
  for (let broken = 0; broken < whole.calls.length; broken++) {
    for (const code of ['EIO', 'ENOSPC']) {
      const files = new HandFiles()
      let count = 0
      let after: string[] = []
      files.onCall = (call, path) => {
        if (count++ === broken) throw systemError(code, path)
        if (count > broken + 1) after = [...after, `${call} ${path}`]
      }
      let log: Counted | null = null
      try {
        log = await Counted.open(files)
        await work(log, [...batches, 1, 1])
        expect(log.failure, `call ${broken}`).toMatchObject({ code })
      } catch (error) {
        expect(error).toMatchObject({ code })
      }
      const failed = whole.calls[broken]!
      // A mark fails aside of the log, and a checkpoint beside it: what was under way then may end.
      if (/^(new|write|sync|rename) .*log-/.test(failed)) {
        expect(
          after.filter((call) => /^(new|write|sync|rename) .*log-/.test(call)),
          `after ${failed}`,
        ).toEqual([])
      }
      expect(after.length, `after ${failed}`).toBeLessThan(20)
      await log?.storage.close()
      files.onCall = () => {}
      for (const left of [files.afterKill(), files.afterPowerLoss(() => 0)]) {
        const again = await Counted.open(left)
        expect(again.recovered, `call ${broken}`).toBeGreaterThanOrEqual(log?.acknowledged ?? 0)
        expect(again.recovered, `call ${broken}`).toBeLessThanOrEqual(log?.appended ?? 0)
      }
    }
  }
})

test('an error of the mark says where, though it is told by the sync after it', async () => {
  const files = new HandFiles()
  const log = await Counted.open(files)
  files.onCall = (call, path) => {
    if (call === 'write' && path.endsWith('/mark')) throw systemError('EIO', path)
  }
  log.append(1)
  await log.sync()
  expect(log).toMatchObject({ acknowledged: 1, failure: null })
  log.append(1)
  await log.sync()
  const message = expect.stringMatching(/^\/data\/1\.1: EIO/)
  expect(log).toMatchObject({ acknowledged: 1, failure: { code: 'EIO', message } })
})

test('a failed sync is final', async () => {
  const files = new HandFiles()
  const log = await Counted.open(files)
  log.append(1)
  files.onCall = (call, path) => {
    if (call === 'sync') throw systemError('EIO', path)
  }
  await log.sync()
  files.onCall = () => {}
  const before = files.calls.length
  log.append(1)
  await log.sync()
  const message = expect.stringMatching(/^\/data\/1\.1: EIO/)
  expect(log).toMatchObject({ acknowledged: 0, failure: { code: 'EIO', message } })
  await expect(
    new Promise<void>((done, failed) => log.storage.checkpoint(recordsBelow(2), done, failed)),
  ).rejects.toThrow()
  expect(files.calls.slice(before)).toEqual([])
})

test('a checkpoint: a snapshot, the log behind it, and nothing else', async () => {
  const files = new HandFiles()
  const log = await Counted.open(files, { segmentBytes: 1 << 20 })
  expect(log.storage.checkpointDue).toBe(false)
  log.append(60)
  await log.sync()
  expect(log.storage.checkpointDue).toBe(true)
  log.append(5)
  const checkpoint = log.checkpoint()
  expect(log.storage.checkpointDue).toBe(false)
  log.append(4)
  await log.sync()
  expect(log.acknowledged).toBe(69)
  await checkpoint
  expect(files.paths).toEqual(['log-2', 'manifest', 'mark', 'snapshot-2'].map((name) => `${DIRECTORY}/${name}`))
  await log.storage.close()
  const again = await Counted.open(files)
  expect(again.recovered).toBe(69)
  expect(again.storage.recovered).toMatchObject({ records: 69, cut: 0 })
})

test('the snapshot counts only once the log below it is complete, and that goes only once the snapshot counts', async () => {
  const files = new HandFiles()
  const log = await Counted.open(files, { segmentBytes: 1 << 20 })
  log.append(60)
  await log.checkpoint()
  const at = (call: string) => files.calls.lastIndexOf(`${call.split(' ')[0]} ${DIRECTORY}/${call.split(' ')[1]}`)
  const order = ['rename log-2', 'rename snapshot-2', 'remove log-1'].map(at)
  expect(order.every((place) => place >= 0)).toBe(true)
  expect(order).toEqual([...order].sort((a, b) => a - b))
  expect(files.calls.slice(order[1]).findIndex((call) => call.startsWith('syncDirectory'))).toBe(1)
})

test('records are taken for a snapshot piece by piece, while the log goes on', async () => {
  const log = await Counted.open(new HandFiles(), { segmentBytes: 1 << 20 })
  let taken = 0
  function* large() {
    for (; taken < 64; taken++) yield { number: 16, payload: new Uint8Array(64 * 1024) }
  }
  const seen: number[] = []
  const checkpoint = new Promise<void>((done, failed) => log.storage.checkpoint(large(), done, failed))
  while (taken < 64) {
    log.append(1)
    await log.sync()
    seen.push(taken)
  }
  await checkpoint
  expect(seen.length).toBeGreaterThan(4)
  expect(seen.every((count, index) => index === 0 || count - seen[index - 1]! <= 16)).toBe(true)
})

test('the records of a checkpoint that throw fail it, and no snapshot counts', async () => {
  const files = new HandFiles()
  const log = await Counted.open(files)
  log.append(3)
  function* broken() {
    yield record(0)
    throw new Error('no more')
  }
  await expect(new Promise<void>((done, failed) => log.storage.checkpoint(broken(), done, failed))).rejects.toThrow(
    'no more',
  )
  await log.storage.close()
  expect((await Counted.open(files)).recovered).toBe(3)
})

test('disk and files stay bounded over many checkpoints', async () => {
  const files = new HandFiles()
  const log = await Counted.open(files)
  const sizes: number[] = []
  for (let round = 0; round < 60; round++) {
    log.append(12)
    await log.sync()
    // What stands for all so far is short here, as for a store whose keys are overwritten.
    if (log.storage.checkpointDue) {
      await new Promise<void>((done, failed) => log.storage.checkpoint([record(0)].values(), done, failed))
    }
    sizes.push(files.paths.reduce((sum, path) => sum + files.get(path).length, 0))
  }
  expect(Math.max(...sizes)).toBeLessThan(6000)
  expect(files.paths.length).toBeLessThan(9)
  expect(files.calls.filter((call) => /rename .*snapshot/.test(call)).length).toBeGreaterThan(5)
})

test('the directory of another owner is refused, and says whose it is', async () => {
  const files = new HandFiles()
  await (await open(files)).close()
  for (const [change, words] of [
    [{ node: '1.2' }, 'the records of node 1.1, not 1.2'],
    [{ cluster: 'other' }, 'the records of cluster synod, not other'],
    [{ algorithm: 'abd' }, 'the records of algorithm paxos, not abd'],
    [{ members: ['1.1', '1.2', '1.3'] }, 'the records of members 1.1 1.2, not 1.1 1.2 1.3'],
    [{ members: ['1.2', '1.1'] }, 'the records of members 1.1 1.2, not 1.2 1.1'],
  ] as const) {
    const message = `${DIRECTORY}/manifest: ${words}; another -storage keeps them apart`
    await expect(open(files, { ...OWNER, ...change })).rejects.toMatchObject({ code: 'config', message })
  }
  await (await open(files)).close()
})

test('classes are found by name when their numbers have changed', async () => {
  const files = new HandFiles()
  const log = await Counted.open(files)
  log.append(5)
  await log.sync()
  await log.storage.close()

  const later: RecordKind[] = [
    { number: 7, name: 'Counted', shape: 'b' },
    { number: 8, name: 'Newer', shape: 'c' },
    { number: 9, name: 'Zero', shape: 'a' },
  ]
  const second = await open(files)
  expect([...second.recover(later)].map(({ number }) => number)).toEqual([9, 7, 7, 9, 7])
  second.append({ number: 8, payload: new Uint8Array(3) })
  await synced(second)
  await second.close()
  expect(files.paths).toContain(`${DIRECTORY}/log-2`)

  const third = await open(files)
  expect([...third.recover(later)].map(({ number }) => number)).toEqual([9, 7, 7, 9, 7, 8])
  await third.close()

  const old = await open(files)
  const words = `${DIRECTORY}/log-2: a record of class Newer, which this program does not have`
  expect(() => [...old.recover(KINDS)]).toThrow(expect.objectContaining({ code: 'config', message: words }))
  const changed = await open(files.afterKill())
  const shape = later.map((kind) => ({ ...kind, shape: 'z' }))
  expect(() => [...changed.recover(shape)]).toThrow('class Zero, which this program has with other fields')
})

test('a directory above that others have made need not be synced where that cannot be; one that was made now must', async () => {
  for (const code of ['EACCES', 'EINVAL', 'EROFS', 'ENOTSUP', 'EIO']) {
    const files = new HandFiles()
    await (await Counted.open(files)).storage.close()
    const later = files.afterKill()
    later.onCall = (call, path) => {
      if (call === 'syncDirectory' && path === '/') throw systemError(code, path)
    }
    if (code === 'EIO') await expect(Counted.open(later)).rejects.toThrow('EIO: /')
    else await (await Counted.open(later)).storage.close()
    const fresh = new HandFiles()
    fresh.onCall = later.onCall
    await expect(Counted.open(fresh), code).rejects.toThrow()
  }
})

test('a new directory is made durable in the one above it, and so is each of those that were made with it', async () => {
  const files = new HandFiles()
  const log = await Counted.open(files)
  const made = files.calls.filter((call) => call.startsWith('makeDirectory'))
  expect(made).toEqual(['makeDirectory /data', `makeDirectory ${DIRECTORY}`])
  const first = files.calls.findIndex((call) => call.startsWith('new'))
  const synced = files.calls.slice(0, first).filter((call) => call.startsWith('syncDirectory'))
  expect(synced.sort()).toEqual(['syncDirectory /', 'syncDirectory /data', `syncDirectory ${DIRECTORY}`])
  await log.storage.close()
})
