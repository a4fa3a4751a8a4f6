/** Damage on disk: all that was acknowledged comes back, or an error says where; never a log that is wrong or shorter. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { HandFiles } from '../../../test/support/hand-files.ts'
import { SynodError } from '../../errors.ts'
import { BATCH_HEADER } from './format/batch.ts'
import { Counted, DIRECTORY, work } from './testing/counted.ts'

/** A directory with a snapshot and several files of the log, after an orderly end or a kill. */
async function sample(orderly: boolean): Promise<{ files: HandFiles; acknowledged: number }> {
  const files = new HandFiles()
  const log = await Counted.open(files)
  await work(log, [2, 5, 3, 9, 8])
  const { storage } = log
  log.append(9)
  await log.sync()
  await log.sync()
  log.append(1)
  await log.sync()
  expect(files.paths.filter((path) => /(log|snapshot)-/.test(path)).length).toBeGreaterThan(2)
  expect(files.paths.some((path) => path.includes('/snapshot-'))).toBe(true)
  if (orderly) await storage.close()
  return { files: files.afterKill(), acknowledged: log.acknowledged }
}

/** How a start on damaged files ends: the number of records, or the error's sentence. */
async function start(files: HandFiles): Promise<number | string> {
  try {
    const log = await Counted.open(files)
    await log.storage.close()
    return log.recovered
  } catch (error) {
    if (!(error instanceof SynodError) || (error.code !== 'storage' && error.code !== 'config')) throw error
    expect(error.message).toContain(DIRECTORY)
    return error.message
  }
}

/** Damages one file; everything must come back, or an error name that file. */
async function expectHonest(whole: HandFiles, path: string, bytes: Uint8Array, acknowledged: number, label: string) {
  const files = whole.afterKill()
  files.put(path, bytes)
  const outcome = await start(files)
  if (typeof outcome === 'number' && outcome !== acknowledged) {
    expect.fail(`${label}: ${outcome} records came back, ${acknowledged} were acknowledged`)
  }
  return outcome
}

test.each([true, false])('every flipped byte, after an orderly end: %s', async (orderly) => {
  const { files, acknowledged } = await sample(orderly)
  expect(await start(files.afterKill())).toBe(acknowledged)
  const outcomes = new Set<string>()
  for (const path of files.paths) {
    const bytes = files.get(path)
    for (let at = 0; at < bytes.length; at++) {
      for (const flip of [0x01, 0x80, 0xff, bytes[at]!]) {
        if (flip === 0) continue
        const label = `${path}, byte ${at} ^ ${flip}`
        const outcome = await expectHonest(files, path, bytes.with(at, bytes[at]! ^ flip), acknowledged, label)
        outcomes.add(typeof outcome === 'number' ? 'recovered' : 'refused')
      }
    }
  }
  expect([...outcomes].sort()).toEqual(['recovered', 'refused'])
})

test('every truncation of every file, and every file gone', async () => {
  const { files, acknowledged } = await sample(false)
  for (const path of files.paths) {
    const bytes = files.get(path)
    for (let length = 0; length < bytes.length; length++) {
      await expectHonest(files, path, bytes.slice(0, length), acknowledged, `${path} cut to ${length}`)
    }
    const gone = files.afterKill()
    gone.drop(path)
    expect(await start(gone), `without ${path}`).toContain('missing')
  }
})

test('zeroed and overwritten ranges, and bytes at the end', async () => {
  const { files, acknowledged } = await sample(false)
  await fc.assert(
    fc.asyncProperty(
      fc.nat(),
      fc.nat(),
      fc.integer({ min: 1, max: 600 }),
      fc.option(fc.nat(255)),
      async (pick, from, length, fill) => {
        const path = files.paths[pick % files.paths.length]!
        const bytes = files.get(path).slice()
        const at = from % bytes.length
        bytes.fill(fill ?? 0, at, at + length)
        await expectHonest(files, path, bytes, acknowledged, `${path}, ${length} bytes from ${at} are ${fill ?? 0}`)
      },
    ),
    { numRuns: 1500 },
  )
  for (const path of files.paths) {
    for (const tail of [[0], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0], [1], [...new TextEncoder().encode('synodend')]]) {
      await expectHonest(files, path, Uint8Array.of(...files.get(path), ...tail), acknowledged, `${path} and ${tail}`)
    }
  }
})

test('the file and the place are named', async () => {
  const { files } = await sample(false)
  const path = files.paths.filter((name) => name.includes('/log-')).at(-1)!
  const bytes = files.get(path)
  const end = bytes.length
  // A byte of the last record: its batch stands whole, and was acknowledged.
  files.put(path, bytes.with(end - 13, bytes[end - 13]! ^ 1))
  expect(await start(files)).toMatch(
    /^\/data\/1\.1\/log-\d+, byte \d+: a batch of \d+ bytes does not match its checksum$/,
  )
  files.put(path, bytes.slice(0, end - 20))
  expect(await start(files)).toMatch(/log-\d+, byte \d+: the log ends here, but is acknowledged up to byte \d+$/)
})

test('a flipped bit in the header of a batch, while the mark lags behind all of them', async () => {
  const files = new HandFiles()
  const log = await Counted.open(files, { segmentBytes: 1 << 20 })
  const path = `${DIRECTORY}/log-1`
  log.append(2)
  await log.sync()
  const headers: number[] = []
  for (const count of [5, 3, 1]) {
    headers.push(files.get(path).length)
    log.append(count)
    await log.sync()
  }
  // Power loss: the log was synced, the mark never is.
  const left = files.afterPowerLoss((most, name) => (name?.endsWith('/mark') ? 0 : most))
  expect(left.get(`${DIRECTORY}/mark`).every((byte) => byte === 0)).toBe(true)
  expect(await start(left.afterKill())).toBe(log.acknowledged)
  for (const header of headers) {
    for (let bit = 0; bit < 8 * BATCH_HEADER; bit++) {
      const hurt = left.afterKill()
      const at = header + (bit >> 3)
      hurt.put(path, left.get(path).with(at, left.get(path)[at]! ^ (1 << (bit & 7))))
      expect(await start(hurt), `bit ${bit} of the header at ${header}`).toBe(
        `${path}, byte ${header}: the header of a batch is damaged`,
      )
    }
  }
})

test('exchanged files, and files of another directory', async () => {
  const { files } = await sample(false)
  const { files: others } = await sample(false)
  for (const path of files.paths.filter((name) => !name.endsWith('manifest'))) {
    const mixed = files.afterKill()
    mixed.put(path, others.get(path))
    expect(await start(mixed), path).toMatch(/of memory|of another directory/)
    for (const other of files.paths.filter((name) => /-\d+$/.test(name) && name !== path)) {
      const exchanged = files.afterKill()
      exchanged.put(path, files.get(other))
      expect(typeof (await start(exchanged)), `${other} as ${path}`).toBe(path.endsWith('mark') ? 'number' : 'string')
    }
  }
})

test('a refused directory stays as it is, what was not finished included', async () => {
  const { files } = await sample(false)
  const snapshot = files.paths.find((path) => path.includes('/snapshot-'))!
  files.put(`${DIRECTORY}/log-9.new`, new Uint8Array(7))
  files.put(`${DIRECTORY}/log-1`, new Uint8Array(7))
  const bytes = files.get(snapshot)
  files.put(snapshot, bytes.with(200, bytes[200]! ^ 1))
  const refused = files.afterKill()
  expect(await start(refused)).toContain(snapshot)
  expect(refused.paths).toEqual(files.paths)
  expect(refused.calls.filter((call) => !call.startsWith('sync'))).toEqual([])
  files.put(snapshot, bytes)
  expect(await start(files)).toBeTypeOf('number')
  expect(files.paths).not.toContain(`${DIRECTORY}/log-9.new`)
  expect(files.paths).not.toContain(`${DIRECTORY}/log-1`)
})
