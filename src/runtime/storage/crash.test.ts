/** Crashes at every byte of all that is written: what was acknowledged comes back, and nothing that was not appended. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { HandFiles } from '../../../test/support/hand-files.ts'
import { Counted, type Limits, work } from './testing/counted.ts'

const BATCHES = [1, 3, 1, 8, 2, 5, 9, 1]

/** How many records there may be on disk, for batches are there whole; `work` appends one more behind each odd one. */
const WHOLE = [0]
for (const [index, count] of BATCHES.entries()) {
  WHOLE.push(WHOLE.at(-1)! + count + (index > 0 ? BATCHES[index - 1]! % 2 : 0))
}

/** What comes back after a crash must be all that was acknowledged, and go on from there. */
async function expectRecovered(
  files: HandFiles,
  acknowledged: number,
  appended: number,
  label: string,
  whole?: readonly number[],
): Promise<void> {
  const log = await Counted.open(files)
  // What was appended for one sync and is not long, so the records of most turns, comes back together or not at all.
  if (whole && !whole.includes(log.recovered)) expect.fail(`${label}: a part of a batch, up to ${log.recovered}`)
  if (log.recovered < acknowledged || log.recovered > appended) {
    expect.fail(`${label}: ${log.recovered} records came back; ${acknowledged} were acknowledged, ${appended} appended`)
  }
  log.append(2)
  await log.sync()
  expect(log.failure, label).toBeNull()
  await log.storage.close()
  const again = await Counted.open(files)
  expect(again.recovered, label).toBe(log.appended)
  await again.storage.close()
}

/** Starts on what `files` has, with so much to live, until death or the end of the work. */
async function live(files: HandFiles, budget: number, batches: readonly number[], limits: Limits = {}) {
  files.budget = budget
  let log: Counted | null = null
  try {
    log = await Counted.open(files, limits)
    await work(log, batches)
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe('EDEAD')
  }
  return { acknowledged: log?.acknowledged ?? 0, appended: log?.appended ?? 0 }
}

test('a crash at every byte, by kill and by loss of power', async () => {
  const whole = new HandFiles()
  await live(whole, Number.POSITIVE_INFINITY, BATCHES)
  expect(whole.calls.filter((call) => call.startsWith('rename')).length).toBeGreaterThan(3)
  expect(whole.paths.some((path) => path.includes('snapshot-'))).toBe(true)
  let random = 1
  const choose = (most: number) => {
    random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0
    return Math.floor((random / 2 ** 32) * (most + 1))
  }
  for (let budget = 0; budget < whole.spent; budget++) {
    const files = new HandFiles()
    const { acknowledged, appended } = await live(files, budget, BATCHES)
    await expectRecovered(files.afterKill(), acknowledged, appended, `killed after ${budget}`, WHOLE)
    await expectRecovered(
      files.afterPowerLoss(() => 0),
      acknowledged,
      appended,
      `nothing unsynced, ${budget}`,
      WHOLE,
    )
    // Files reach the disk in no order: of one there is everything, and of the others nothing.
    for (const name of ['mark', 'log-', 'snapshot-']) {
      const lost = files.afterPowerLoss((most, path) => (path?.includes(name) ? most : 0))
      await expectRecovered(lost, acknowledged, appended, `of ${name} everything, ${budget}`, WHOLE)
    }
    await expectRecovered(files.afterPowerLoss(choose), acknowledged, appended, `power lost after ${budget}`, WHOLE)
  }
})

test('a crash at every byte of a turn of several batches leaves a prefix of it, with none of them in pieces', async () => {
  const limits = { batchBytes: 120, segmentBytes: 500, checkpointBytes: 1 << 20 }
  const turns = [2, 24, 3]
  const whole = new HandFiles()
  await live(whole, Number.POSITIVE_INFINITY, turns, limits)
  const found = new Set<number>()
  for (let budget = 0; budget < whole.spent; budget++) {
    const files = new HandFiles()
    const { acknowledged, appended } = await live(files, budget, turns, limits)
    for (const name of ['mark', 'log-', 'any', 'no']) {
      const lost = files.afterPowerLoss((most, path) => (name === 'any' || path?.includes(name) ? most : 0))
      found.add((await Counted.open(lost.afterKill())).recovered)
      await expectRecovered(lost, acknowledged, appended, `of ${name} everything, ${budget}`)
    }
  }
  expect(found.size).toBeGreaterThan(6)
  expect(found.size).toBeLessThan(15)
})

test('crash after crash, each while the last one is being mended', async () => {
  const lives = fc.array(
    fc.tuple(fc.nat(1500), fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 9 }), fc.boolean()),
    {
      minLength: 2,
      maxLength: 6,
    },
  )
  await fc.assert(
    fc.asyncProperty(lives, fc.infiniteStream(fc.nat(1000)), async (crashes, chance) => {
      let files = new HandFiles()
      let floor = 0
      let most = 0
      for (const [budget, batches, kill] of crashes) {
        const { acknowledged, appended } = await live(files, budget, batches)
        floor = Math.max(floor, acknowledged)
        most = Math.max(most, appended)
        files = kill
          ? files.afterKill()
          : files.afterPowerLoss((limit) => (chance.next().value as number) % (limit + 1))
      }
      await expectRecovered(files, floor, most, 'in the end')
    }),
    { numRuns: 150 },
  )
})
