/**
 * That the mutants can still be judged: each patch applies, what is not mutated passes, and a mistake is found. Whether
 * all are found takes minutes, and is the business of the npm script `mutants`.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { document } from './document.ts'
import { hunt, search } from './hunt.ts'
import { allPatches, readPatch } from './patch.ts'
import { Tree } from './tree.ts'

const PATCHES = allPatches()

/** A mutant that is found at once, and how many seeds that may take. */
const KNOWN = { name: 'paxos-mark-one-too-far', seeds: 2 }

let base: Tree

beforeAll(() => {
  base = new Tree()
})

afterAll(() => base.remove())

test('there are mutants of the core and of each protocol', () => {
  const areas = PATCHES.map(({ name }) => name.split('-')[0])
  expect(PATCHES.length).toBeGreaterThanOrEqual(30)
  expect([...new Set(areas)].sort()).toEqual(['abd', 'core', 'founding', 'paxos', 'storage'])
})

describe.each(PATCHES)('$name', ({ name, path, mistake, algorithms }) => {
  test('applies', () => expect(base.check(path)).toBeNull())

  test('says which mistake it is, and is judged by the right protocol', () => {
    expect(mistake).toMatch(/^[A-Z].{15,}/)
    expect(mistake.length).toBeLessThanOrEqual(120)
    expect(algorithms).toEqual(/^(core|founding|storage)-/.test(name) ? ['paxos', 'abd'] : [name.split('-')[0]])
  })
})

test('docs/mutants.md has all of them, each found', () => {
  const text = readFileSync(new URL('../../docs/mutants.md', import.meta.url), 'utf8')
  const rows = text.split('\n').filter((line) => line.startsWith('| `'))
  expect(rows.map((row) => row.split(' | ').slice(0, 2).join(' | '))).toEqual(
    PATCHES.map(({ name, mistake }) => `| \`${name}\` | ${mistake}`),
  )
  for (const row of rows) expect(row).toMatch(/ \| ([a-z ]+ \| \d+|tests \| ) \| \d+ \|$/)
  expect(rows.filter((row) => row.includes('nothing |'))).toEqual([])
  expect(text.split('| mutant |')[0]).toBe(document([]).split('| mutant |')[0])
})

describe('judging', () => {
  test('finds a known mistake, and nothing where there is none', async () => {
    const patch = PATCHES.find(({ name }) => name === KNOWN.name)!
    const [mutant, original] = await Promise.all([hunt(patch, base, KNOWN.seeds), search(base, 'paxos', KNOWN.seeds)])
    expect(mutant).toMatchObject({ patch, found: { invariant: 'quorum' } })
    expect(original).toEqual({ found: null, runs: KNOWN.seeds })
  })

  test('finds by tests what only tests can see', async () => {
    const patch = PATCHES.find(({ name }) => name === 'storage-manifest-ignored')!
    expect(patch.tests).toBe('src/runtime/storage')
    expect(await hunt(patch, base)).toMatchObject({ found: { invariant: 'tests', seed: 0 } })
  })

  describe('an outsider', () => {
    const folder = mkdtempSync(join(tmpdir(), 'synod-patch-'))
    afterAll(() => rmSync(folder, { recursive: true, force: true }))

    /** Judges a patch of the first lines of a file. */
    const judge = (path: string, hunk: string) => {
      const file = join(folder, 'mine.patch')
      writeFileSync(file, `--- a/${path}\n+++ b/${path}\n${hunk}\n`)
      return hunt(readPatch(file), base, 1)
    }

    test('whose patch does not apply is told why', async () => {
      const judgement = await judge('src/node.ts', '@@ -1 +1 @@\n-no line of it\n+another')
      expect(judgement.patch).toMatchObject({ name: 'mine', mistake: 'mine', algorithms: ['paxos', 'abd'] })
      expect('fault' in judgement && judgement.fault).toMatch(/^does not apply: .*src\/node\.ts/)
    })

    test('whose patch breaks the sources is told how', async () => {
      const path = 'protocols/abd/records.ts'
      const head = readFileSync(join(base.path, path), 'utf8').split('\n').slice(0, 3)
      const context = head.map((line) => ` ${line}`).join('\n')
      const judgement = await judge(path, `@@ -1,3 +1,4 @@\n+throw new TypeError('broken')\n${context}`)
      expect(judgement.patch.algorithms).toEqual(['abd'])
      expect('fault' in judgement && judgement.fault).toBe('does not run: TypeError: broken')
    })
  })
})
