/** Some rows of the soak on real servers, a few times each: that they reach what refuses them. */
import { expect, test } from 'vitest'
import { play } from './play.ts'
import { abdRowsOf, rowsOf } from './rows.ts'
import { Stage } from './stage.ts'

/** Too short for memory to say anything. */
const PLAN = { few: 20, many: 60, growth: 1000 }
/** Servers start and stop here, and rows take as long as what they ask for. */
const TIMEOUT_MS = 180_000

test(
  'members are heard one after the other, and the node counts each',
  async () => {
    const stage = await Stage.start('paxos')
    const rows = rowsOf(stage, async () => 'sent')
    for (const part of ['member: a length of 4 GiB', 'absurd: a huge slot']) {
      const row = rows.find(({ name }) => name.startsWith(part))!
      const { good, line } = await play(stage, row, PLAN)
      expect([good, line]).toEqual([true, expect.stringMatching(/; counted by the node: 60$/)])
    }
    const full = rows.find(({ name }) => name === 'REST: queue full')!
    expect((await play(stage, full, PLAN)).line).toMatch(/^ok .* × 503 full/)
    // Said by nobody, it is counted by nobody.
    const silent = { ...rows.find(({ name }) => name.startsWith('absurd: a huge ballot'))!, once: async () => 'sent' }
    expect(await play(stage, silent, PLAN)).toMatchObject({
      good: false,
      line: expect.stringContaining('only 0 of 60'),
    })
  },
  TIMEOUT_MS,
)

test(
  'no absurd message makes a key of ABD unwritable',
  async () => {
    const stage = await Stage.start('abd')
    const row = abdRowsOf(stage).find(({ name }) => name.startsWith('absurd: a huge tag'))!
    expect(await play(stage, row, PLAN)).toMatchObject({ good: true })
  },
  TIMEOUT_MS,
)
