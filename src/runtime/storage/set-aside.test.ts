/** Damaged records of a node that has peers: set aside, whole, and the new memory knows that it has forgotten. */
import { expect, test } from 'vitest'
import { HandFiles, systemError } from '../../../test/support/hand-files.ts'
import { SynodError } from '../../errors.ts'
import { DiskStorage } from './disk-storage.ts'
import { Counted, DIRECTORY, KINDS, OWNER, record, work } from './testing/counted.ts'

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
  files.settle()
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
  // For the mark, both manifests, the folder, and the copy of the old manifest.
  const needRoom = whole.calls.filter((call) => /^(makeDirectory|new|write) /.test(call))
  expect(needRoom).toHaveLength(9)
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
  for (let broken = setsAside(whole); broken < whole.calls.length; broken++) {
    const failing = files.afterKill()
    let count = 0
    failing.onCall = (_call, at) => {
      if (count++ === broken) throw systemError('EIO', at)
    }
    // The last call is of the start after that, which finds a new memory.
    const aside = broken < whole.calls.length - 1 ? 'its records are damaged, and cannot be set aside (EIO: ' : 'EIO: '
    await expect(open(failing), whole.calls[broken]).rejects.toThrow(`${DIRECTORY}: ${aside}`)
    failing.onCall = () => {}
    for (const left of [failing.afterKill(), failing.afterPowerLoss(() => 0)]) {
      const storage = await open(left)
      expect([storage.forgot, storage.recovered.records], whole.calls[broken]).toEqual([true, 0])
      const kept = [...contentOf(left)].flatMap(([name, bytes]) => (name.includes('/damaged-') ? [text(bytes)] : []))
      expect(kept).toEqual(expect.arrayContaining([...before.values()].map(text)))
    }
  }
})

test('whatever call fails, start after start, one folder gets all that was there, and each line names the true damage', async () => {
  const { files } = await damaged()
  const before = contentOf(files)
  const whole = files.afterKill()
  const { damage } = await open(whole)
  for (const [broken, wrong] of [...new Set(whole.calls.slice(setsAside(whole)))].entries()) {
    for (const persists of [1, 3]) {
      let left = files.afterKill()
      for (let start = 0; start < persists; start++) {
        left.onCall = (call, at) => {
          if (`${call} ${at}` === wrong) throw systemError('EIO', at)
        }
        const line = await open(left).then(() => '', String)
        const why = `EIO: ${wrong.split(' ')[1]}`
        // Where already a sync of what was found fails, nobody knows of the damage yet.
        const unknown = [...left.calls, wrong].every((call) => call.startsWith('sync'))
        if (unknown) expect(line, wrong).toBe(`Error: ${DIRECTORY}: ${why}`)
        else expect(line, wrong).toContain(`cannot be set aside (${why}); ${damage}`)
        // Every other call: some do not sync, so that what is durable is another.
        left = (start + broken) % 2 === 0 ? left.afterKill() : left.afterPowerLoss(() => 0)
      }
      const storage = await open(left)
      expect([storage.damage, storage.recovered.aside], wrong).toEqual([damage, `${DIRECTORY}/damaged-1`])
      expect(foldersOf(left), wrong).toEqual(['damaged-1'])
      for (const [name, bytes] of before) expect(left.get(name.replace('1.1/', '1.1/damaged-1/')), wrong).toEqual(bytes)
      expect(left.paths.filter((name) => !name.includes('damaged-1'))).toEqual([
        `${DIRECTORY}/manifest`,
        `${DIRECTORY}/mark`,
      ])
    }
  }
})

test.each(['a mark', 'an empty mark'])(
  'crash after crash at any byte leaves one folder with all that was there: %s',
  async (mark) => {
    const { files } = await damaged()
    if (mark === 'an empty mark') files.put(`${DIRECTORY}/mark`, new Uint8Array(1024))
    const before = [...contentOf(files).values()].filter((bytes) => bytes.some((byte) => byte !== 0)).map(text)
    const whole = files.afterKill()
    const { damage } = await open(whole)
    for (let budget = 0; budget < whole.spent; budget += 3) {
      let left = files.afterKill()
      for (const [index, life] of [budget, budget, whole.spent - budget, 40].entries()) {
        left.budget = life
        await open(left).catch((error: Error) => expect(error.message).toContain('EDEAD'))
        left = index % 2 === 0 ? left.afterPowerLoss((most) => most >> 1) : left.afterKill()
      }
      const storage = await open(left)
      expect([storage.damage, storage.recovered.aside], `after ${budget}`).toEqual([damage, `${DIRECTORY}/damaged-1`])
      expect(foldersOf(left), `after ${budget}`).toEqual(['damaged-1'])
      const kept = [...contentOf(left)].flatMap(([name, bytes]) => (name.includes('/damaged-') ? [text(bytes)] : []))
      expect(kept.sort()).toEqual([...before].sort())
    }
  },
)

test('a disk on which no log can begin leaves one folder, and each start tells of it until something is recorded', async () => {
  const { files } = await damaged()
  const first = await open(files)
  await first.close()
  const fresh = files.afterKill()
  await recordOne(fresh)
  // All that the first record needs: its log made, synced, renamed and its directory synced, and the record itself.
  expect(fresh.calls.length).toBeGreaterThan(5)
  const begins = fresh.calls.findIndex((call) => call.startsWith('new '))
  for (const wrong of fresh.calls.slice(begins, begins + 4)) {
    const failing = files.afterKill()
    for (let start = 0; start < 3; start++) {
      failing.onCall = (call, at) => {
        if (`${call} ${at}` === wrong) throw systemError('EIO', at)
      }
      const { storage, failure } = await recordOne(failing)
      expect(failure, wrong).toMatchObject({ code: 'EIO' })
      expect([storage.damage, storage.recovered.aside], wrong).toEqual([first.damage, `${DIRECTORY}/damaged-1`])
    }
    failing.onCall = () => {}
    expect((await recordOne(failing)).failure).toBeNull()
    const again = await open(failing)
    expect([again.recovered, again.forgot]).toMatchObject([{ records: 1, aside: null }, true])
    expect(foldersOf(failing), wrong).toEqual(['damaged-1'])
  }
})

test('records that are damaged again are set aside, too, in a folder of their own', async () => {
  const { files } = await damaged()
  const { damage } = await open(files.afterKill())
  await recordOne(files)
  const path = `${DIRECTORY}/log-1`
  const log = files.get(path)
  files.put(path, log.with(log.length - 20, log.at(-20)! ^ 1))
  const lost = files.get(path)
  const storage = await open(files)
  expect(storage.damage).not.toBe(damage)
  expect(storage.damage).toContain(path)
  expect(storage.recovered.aside).toBe(`${DIRECTORY}/damaged-2`)
  expect(foldersOf(files)).toEqual(['damaged-1', 'damaged-2'])
  expect(files.get(`${DIRECTORY}/damaged-2/log-1`)).toEqual(lost)
})

test('what somebody puts beside while a damaged directory is being moved replaces nothing in the folder', async () => {
  const { files } = await damaged()
  const before = contentOf(files)
  const name = files.paths.findLast((path) => path.includes('/log-'))!
  files.onCall = (call) => {
    if (call === 'rename' && files.paths.includes(name.replace('1.1/', '1.1/damaged-1/')))
      throw systemError('EIO', name)
  }
  await expect(open(files)).rejects.toThrow('EIO')
  files.onCall = () => {}
  files.put(name, new Uint8Array([1, 2, 3]))
  const storage = await open(files)
  expect(storage.forgot).toBe(true)
  expect(files.get(name.replace('1.1/', '1.1/damaged-1/'))).toEqual(before.get(name))
  expect(files.get(name.replace('1.1/', '1.1/damaged-2/'))).toEqual(new Uint8Array([1, 2, 3]))
})

/** Opens the directory and keeps one record, if that works. */
async function recordOne(files: HandFiles): Promise<{ storage: DiskStorage; failure: unknown }> {
  const storage = await open(files)
  for (const _ of storage.recover(KINDS)) expect.fail('a record in a new memory')
  storage.append(record(0))
  const failure = await new Promise<unknown>((resolve) => storage.sync(() => resolve(null), resolve))
  await storage.close()
  return { storage, failure }
}

/** The first call that is not of finding out what is there. */
function setsAside({ calls }: HandFiles): number {
  return calls.findIndex((call) => !call.startsWith('sync'))
}

/** The folders with what was set aside. */
function foldersOf(files: HandFiles): string[] {
  return [...new Set(files.paths.flatMap((path) => path.match(/damaged-\d+/)?.[0] ?? []))]
}

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
  expect(setsAside(files)).toBe(-1)
})

test('without peers nobody could give anything back: damage is refused', async () => {
  const { files } = await damaged()
  const alone = DiskStorage.open({ directory: DIRECTORY, owner: OWNER, files })
  await expect(alone).rejects.toThrow(SynodError)
  expect(files.paths.some((path) => path.includes('damaged'))).toBe(false)
})
