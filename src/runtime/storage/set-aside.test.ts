/** Damaged records of a node that has peers: set aside, whole, and the new memory knows that it has forgotten. */
import { expect, test } from 'vitest'
import { HandFiles, systemError } from '../../../test/support/hand-files.ts'
import { SynodError } from '../../errors.ts'
import { DiskStorage } from './disk-storage.ts'
import { Counted, DIRECTORY, KINDS, OWNER, work } from './testing/counted.ts'

function open(files: HandFiles, owner = OWNER): Promise<DiskStorage> {
  return DiskStorage.open({ directory: DIRECTORY, owner, files, setsAside: true })
}

/** A directory with a snapshot and some log, of which a byte is wrong. */
async function damaged(): Promise<{ files: HandFiles; path: string }> {
  const files = new HandFiles()
  const log = await Counted.open(files)
  await work(log, [2, 5, 3, 9, 8])
  await log.storage.close()
  const path = files.paths.find((name) => name.includes('/snapshot-'))!
  files.put(path, files.get(path).with(200, files.get(path)[200]! ^ 1))
  return { files, path }
}

test('what is damaged moves into a folder, and a new memory begins that knows what it lacks', async () => {
  const { files, path } = await damaged()
  const before = new Map(files.paths.map((name) => [name, files.get(name)]))
  const storage = await open(files)
  expect(storage.forgot).toBe(true)
  expect(storage.damage).toMatch(/snapshot-\d+, byte \d+: a batch of \d+ bytes does not match its checksum$/)
  expect(storage.recovered).toMatchObject({ records: 0, aside: `${DIRECTORY}/damaged-1` })
  expect([...storage.recover(KINDS)]).toEqual([])
  for (const [name, bytes] of before) expect(files.get(name.replace('1.1/', '1.1/damaged-1/'))).toEqual(bytes)
  expect(files.paths.filter((name) => !name.includes('damaged-1'))).toEqual([
    `${DIRECTORY}/manifest`,
    `${DIRECTORY}/mark`,
  ])
  expect(path).toContain(DIRECTORY)
})

test('it knows so for ever, and keeps what it is given from then on', async () => {
  const { files } = await damaged()
  const first = await open(files)
  await first.close()
  const log = await Counted.open(files)
  expect(log.storage.forgot).toBe(true)
  expect(log.storage.incarnation).toBe(first.incarnation)
  log.append(3)
  await log.sync()
  await log.storage.close()
  const again = await Counted.open(files)
  expect([again.recovered, again.storage.recovered.aside]).toEqual([3, null])
  expect(again.storage.forgot).toBe(true)
})

test('damage after damage has a folder each', async () => {
  const { files } = await damaged()
  const log = await open(files)
  const { incarnation } = log
  await log.close()
  files.drop(`${DIRECTORY}/mark`)
  const again = await open(files)
  expect(again.recovered.aside).toBe(`${DIRECTORY}/damaged-2`)
  expect(again.damage).toMatch(/mark: this file is missing$/)
  expect(again.incarnation).not.toBe(incarnation)
})

test('without its manifest, or with a damaged one, a directory is damaged like any other', async () => {
  for (const hurt of ['gone', 'flipped'] as const) {
    const { files } = await damaged()
    const path = `${DIRECTORY}/manifest`
    if (hurt === 'gone') files.drop(path)
    else files.put(path, files.get(path).with(20, files.get(path)[20]! ^ 1))
    const storage = await open(files)
    expect(storage.damage).toMatch(hurt === 'gone' ? /manifest: this file is missing$/ : /the manifest is damaged$/)
  }
})

test('a crash at any byte of it never leaves a directory that passes for a new or for a whole one', async () => {
  const { files } = await damaged()
  const whole = files.afterKill()
  await open(whole)
  expect(whole.spent).toBeGreaterThan(500)
  let random = 1
  const choose = (most: number) => {
    random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0
    return Math.floor((random / 2 ** 32) * (most + 1))
  }
  for (let budget = 0; budget < whole.spent; budget++) {
    const dying = files.afterKill()
    dying.budget = budget
    await open(dying).catch((error: Error) => expect(error.message).toContain('EDEAD'))
    for (const left of [dying.afterKill(), dying.afterPowerLoss(() => 0), dying.afterPowerLoss(choose)]) {
      const storage = await open(left)
      expect([storage.forgot, storage.recovered.records], `after ${budget}`).toEqual([true, 0])
    }
  }
})

/** All files with what is in them. */
function contentOf(files: HandFiles): Map<string, Uint8Array> {
  return new Map(files.paths.map((path) => [path, files.get(path)]))
}

test('without room all stays as it is, however often it is tried, and one line says why; with room it goes on', async () => {
  const { files, path } = await damaged()
  const before = contentOf(files)
  const whole = files.afterKill()
  await (await open(whole)).close()
  // For the mark, the manifest, the folder, and the copy of the old manifest.
  const needRoom = whole.calls.filter((call) => /^(makeDirectory|new|write) /.test(call))
  expect(needRoom).toHaveLength(7)
  for (let room = 0; room < needRoom.length; room++) {
    const full = files.afterKill()
    for (let attempt = 0; attempt < 3; attempt++) {
      full.onCall = (call, at) => {
        if (needRoom.indexOf(`${call} ${at}`) >= room) throw systemError('ENOSPC', at)
      }
      const wrong = await open(full).then(() => null, String)
      expect(wrong).toMatch(
        /^SynodError: \/data\/1\.1: its records are damaged, and cannot be set aside \(ENOSPC: .*\); .*snapshot-\d+, byte/,
      )
      expect(wrong).toContain(`${path}, byte`)
      expect(contentOf(full), `room for ${room}`).toEqual(before)
    }
    full.onCall = () => {}
    const storage = await open(full)
    expect([storage.forgot, storage.recovered.aside]).toEqual([true, `${DIRECTORY}/damaged-1`])
    for (const [name, bytes] of before) expect(full.get(name.replace('1.1/', '1.1/damaged-1/'))).toEqual(bytes)
  }
})

test('whatever call fails, no byte of what was there is lost, and the next start knows that it has forgotten', async () => {
  const { files } = await damaged()
  const before = contentOf(files)
  const whole = files.afterKill()
  await (await open(whole)).close()
  for (let broken = 0; broken < whole.calls.length; broken++) {
    const failing = files.afterKill()
    let count = 0
    failing.onCall = (_call, at) => {
      if (count++ === broken) throw systemError('EIO', at)
    }
    await expect(open(failing), whole.calls[broken]).rejects.toThrow('cannot be set aside (EIO: ')
    failing.onCall = () => {}
    for (const left of [failing.afterKill(), failing.afterPowerLoss(() => 0)]) {
      const storage = await open(left)
      expect([storage.forgot, storage.recovered.records], whole.calls[broken]).toEqual([true, 0])
      const kept = [...contentOf(left)].flatMap(([name, bytes]) => (name.includes('/damaged-') ? [text(bytes)] : []))
      expect(kept).toEqual(expect.arrayContaining([...before.values()].map(text)))
    }
  }
})

/** Bytes in a form that compares fast. */
function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}

test("another owner's directory, and one that another process holds, are refused as they are", async () => {
  const files = (await damaged()).files.afterKill()
  await expect(open(files, { ...OWNER, node: '1.2' })).rejects.toMatchObject({ code: 'config' })
  const release = await files.lock(DIRECTORY)
  await expect(open(files)).rejects.toThrow('held')
  await release()
  expect(files.calls).toEqual([])
})

test('without peers nobody could give anything back: damage is refused', async () => {
  const { files } = await damaged()
  const alone = DiskStorage.open({ directory: DIRECTORY, owner: OWNER, files })
  await expect(alone).rejects.toThrow(SynodError)
  expect(files.paths.some((path) => path.includes('damaged'))).toBe(false)
})
