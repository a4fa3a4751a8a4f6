/** Names that were made, changed or removed, and not synced, reach the disk in no order: whichever of them a loss of power leaves. */
import { expect, test } from 'vitest'
import { HandFiles, systemError } from '../../../test/support/hand-files.ts'
import { DiskStorage } from './disk-storage.ts'
import { Counted, DIRECTORY, KINDS, OWNER, record, work } from './testing/counted.ts'

const TURNS = [1, 3, 1, 8, 2, 5, 9, 1]

/** What power loss may leave of a machine: each choice among its unsynced names, with all that is in the files or only what is safe. */
function* losses(files: HandFiles): Generator<HandFiles> {
  // The names that a test leaves unsynced are few: all choices are tried.
  expect(files.unsynced).toBeLessThan(9)
  for (let chosen = 0; chosen < 2 ** files.unsynced; chosen++) {
    for (const whole of [false, true]) {
      yield files.afterPowerLoss(
        (most) => (whole ? most : 0),
        (place) => (chosen & (1 << place)) !== 0,
      )
    }
  }
}

/** Lets the machine die at the call of this number, before it has done anything. */
function dieAt(files: HandFiles, call: number): void {
  let count = 0
  files.onCall = (_, path) => {
    if (count++ < call) return
    files.budget = 0
    throw systemError('EDEAD', path)
  }
}

function open(files: HandFiles): Promise<DiskStorage> {
  return DiskStorage.open({ directory: DIRECTORY, owner: OWNER, files, setsAside: true })
}

test('what was acknowledged comes back, and nothing passes for damage, whatever call is the last', async () => {
  const whole = new HandFiles()
  await work(await Counted.open(whole), TURNS)
  let most = 0
  for (let call = 0; call <= whole.calls.length; call++) {
    const files = new HandFiles()
    dieAt(files, call)
    let log: Counted | null = null
    try {
      log = await Counted.open(files)
      await work(log, TURNS)
    } catch (error) {
      expect(error).toMatchObject({ code: 'EDEAD' })
    }
    most = Math.max(most, files.unsynced)
    for (const left of losses(files)) {
      const again = await Counted.open(left)
      expect(again.recovered, `call ${call}`).toBeGreaterThanOrEqual(log?.acknowledged ?? 0)
      expect(again.recovered, `call ${call}`).toBeLessThanOrEqual(log?.appended ?? 0)
    }
  }
  expect(most).toBeGreaterThan(2)
})

test('what a start finds that a killed process has left is safe before more rests on it', async () => {
  const whole = new HandFiles()
  await work(await Counted.open(whole), TURNS)
  for (let call = 0; call <= whole.calls.length; call++) {
    const dying = new HandFiles()
    dieAt(dying, call)
    const killed = async () => work(await Counted.open(dying), TURNS)
    await killed().catch((error: unknown) => expect(error).toMatchObject({ code: 'EDEAD' }))
    // Not the machine is dead, only the process.
    const files = dying.afterKill()
    const log = await Counted.open(files)
    log.append(1)
    await log.sync()
    for (const left of losses(files)) {
      expect((await Counted.open(left)).recovered, `call ${call}`).toBe(log.acknowledged)
    }
  }
})

test('what is set aside is all in one folder, under the damage that was found first, whatever call is the last', async () => {
  const files = new HandFiles()
  const log = await Counted.open(files)
  await work(log, [2, 5, 3, 9, 8])
  await log.storage.close()
  const hurt = files.paths.find((name) => name.includes('/snapshot-'))!
  files.put(hurt, files.get(hurt).with(200, files.get(hurt)[200]! ^ 1))
  files.settle()
  const folder = `${DIRECTORY}/damaged-1`
  const before = files.paths.map((path) => [path.replace(DIRECTORY, folder), text(files.get(path))])
  const whole = files.afterKill()
  const { damage } = await recordOne(whole)
  for (let call = 0; call <= whole.calls.length; call++) {
    const dying = files.afterKill()
    dieAt(dying, call)
    await recordOne(dying).catch((error: Error) => expect(error.message).toContain('EDEAD'))
    for (const left of losses(dying)) {
      const storage = await open(left)
      const { records, aside } = storage.recovered
      expect([storage.forgot, storage.damage, aside], `call ${call}`).toEqual([
        true,
        damage,
        records === 0 ? folder : null,
      ])
      const kept = left.paths.filter((path) => path.includes('/damaged-')).map((path) => [path, text(left.get(path))])
      expect(kept, `call ${call}`).toEqual(before)
    }
  }
})

/** Opens a damaged directory, and keeps one record in its new memory. */
async function recordOne(files: HandFiles): Promise<DiskStorage> {
  const storage = await open(files)
  expect([...storage.recover(KINDS)]).toEqual([])
  storage.append(record(0))
  await new Promise<void>((done, failed) => storage.sync(done, failed))
  return storage
}

/** Bytes in a form that compares fast. */
function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}
