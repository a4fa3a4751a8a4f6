/**
 * The repository's own rules: who imports whom, what pure code may not touch, sizes, words, docs that match the code.
 * Each rule is also shown something that breaks it, so that a rule that finds nothing is known to look.
 */
import { lstatSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { circles, forbiddenImports, layerOf } from './repository/imports.ts'
import { LAYERS } from './repository/layers.ts'
import { impurities } from './repository/purity.ts'
import { isTest, ROOT, type Source, sourceOf, textOf, trackedPaths } from './repository/sources.ts'
import * as style from './repository/style.ts'

const PATHS = trackedPaths()
const SOURCES = PATHS.filter((path) => path.endsWith('.ts')).map((path) => sourceOf(path, textOf(path)))
const SCRIPTS = PATHS.filter((path) => /\.(ts|mjs)$|^bin\/[a-z]+$|^\.ci\//.test(path))
const TEXTS = PATHS.filter((path) =>
  /\.(ts|mjs|json|md|txt|grit)$|^bin\/[a-z]+$|^\.ci\/|^LICENSE$|^\.npmrc$/.test(path),
)

/** What a rule finds in all sources. */
function findings(rule: (source: Source) => string[]): string[] {
  return SOURCES.flatMap(rule)
}

/** How many findings a rule has in a made-up file. */
function count(rule: (source: Source) => string[], path: string, text: string): number {
  return rule(sourceOf(path, text)).length
}

test('there is a repository to judge', () => {
  expect(SOURCES.length).toBeGreaterThan(100)
  expect(SOURCES.filter(({ path }) => !isTest(path)).length).toBeGreaterThan(60)
})

describe('imports', () => {
  test('follow the table of layers', () => expect(findings(forbiddenImports)).toEqual([]))

  test('are never circular when the program runs', () => {
    expect(circles(SOURCES.filter(({ path }) => !isTest(path)))).toEqual([])
  })

  test('every row of the table holds for some file, and says why', () => {
    for (const { files, why } of LAYERS) {
      expect(why.length, files).toBeGreaterThan(20)
      expect(
        PATHS.some((path) => layerOf(path)?.files === files),
        files,
      ).toBe(true)
    }
  })

  test.each([
    ['protocols/a/a.ts', "import { Node } from '../../src/node.ts'"],
    ['protocols/a/a.ts', "import { readFileSync } from 'node:fs'"],
    ['protocols/a/a.ts', "import b from '../b/b.ts'"],
    ['protocols/a/a.ts', "import { test } from 'vitest'"],
    ['protocols/a/a.test.ts', "import { Node } from '../../src/node.ts'"],
    ['protocols/a/a.ts', "import { run } from '../../src/sim/index.ts'"],
    ['protocols/a/a.ts', "type A = import('../../src/node.ts').Node"],
    ['protocols/a/a.ts', "export * from '../index.ts'"],
    ['examples/a.ts', "import { Node } from '../src/index.ts'"],
    ['src/node.ts', "import { Node } from '#core'"],
    ['src/node.ts', "import { Node } from './index.ts'"],
    ['src/node.ts', "import { TcpTransport } from './runtime/tcp-transport.ts'"],
    ['src/node.ts', "import type { Paxos } from '../protocols/paxos/paxos.ts'"],
    ['src/node.ts', "import { setTimeout } from 'node:timers'"],
    ['src/codec/a.ts', "import { Node } from '../node.ts'"],
    ['src/config/a.ts', "import { readFileSync } from 'node:fs'"],
    ['src/config/a.ts', "import pino from 'pino'"],
    ['src/runtime/a.ts', "import { createHttpServer } from '../http/server.ts'"],
    ['src/runtime/a.ts', "import { protocols } from '../../protocols/index.ts'"],
    ['src/sim/a.ts', "import { connect } from 'node:net'"],
    ['src/sim/a.ts', "import { realClock } from '../runtime/real-clock.ts'"],
    ['src/http/a.ts', "import { TcpTransport } from '../runtime/tcp-transport.ts'"],
    ['src/http/a.ts', "import { run } from '../sim/index.ts'"],
    ['src/http/a.ts', "import { Socket } from 'node:net'"],
    ['src/client/a.ts', "import { Node } from '../node.ts'"],
    ['src/client/a.ts', "const { protocols } = await import('../../protocols/index.ts')"],
    ['src/benchmark/a.ts', "import { Node } from '../node.ts'"],
    ['src/checker/a.ts', "import { Node } from '../node.ts'"],
    ['src/checker/a.ts', "import 'fastify'"],
    ['bin/a.ts', "import './server.ts'"],
    ['src/client/a.ts', "import { run } from '../../bin/flags.ts'"],
    ['src/http/a.ts', "import { fake } from './testing/fake-gateway.ts'"],
    ['src/sim/a.ts', "import paxos from '../../protocols/paxos/index.ts'"],
    ['src/sim/a.test.ts', "import { realClock } from '../runtime/real-clock.ts'"],
    ['elsewhere/a.ts', ''],
  ])('refuse in %s: %s', (path, text) => {
    expect(count(forbiddenImports, path, text)).toBe(1)
  })

  test.each([
    ['protocols/a/a.ts', "import { type Node, message } from '#core'\nimport * as m from './messages.ts'"],
    [
      'protocols/a/a.test.ts',
      "import { run } from '../../src/sim/index.ts'\nimport { conform } from '../../test/x.ts'",
    ],
    ['src/http/a.ts', "import type { Socket } from 'node:net'"],
    ['src/runtime/a.ts', "import { createServer } from 'node:net'\nimport type { Clock } from '../seams.ts'"],
    ['bin/a.ts', "import { run } from './flags.ts'\nimport { Node } from '../src/index.ts'"],
  ])('allow in %s: %s', (path, text) => expect(forbiddenImports(sourceOf(path, text))).toEqual([]))

  test('a circle is found', () => {
    const a = sourceOf('src/a.ts', "import './b.ts'")
    expect(circles([a, sourceOf('src/b.ts', "export * from './a.ts'")])).toEqual(['src/a.ts -> src/b.ts -> src/a.ts'])
    expect(circles([a, sourceOf('src/b.ts', "import type { A } from './a.ts'")])).toEqual([])
  })
})

describe('pure code', () => {
  test('reaches nothing but its parts', () => expect(findings(impurities)).toEqual([]))

  test.each([
    'const now = Date.now()',
    'const at = new Date()',
    'Math.random()',
    "Math['random']()",
    'const { random } = Math',
    'setTimeout(() => {}, 1)',
    'setInterval(f, 1)',
    'setImmediate(f)',
    'const f = setImmediate',
    'function f() { const process = 1 }\nprocess.exit(1)',
    'process.exit(1)',
    'globalThis.setTimeout(f, 1)',
    'async function f() {}',
    'const f = async () => {}',
    'await x',
    'for await (const x of y) {}',
    'Promise.resolve()',
    'console.log(1)',
    'performance.now()',
  ])('%s', (text) => {
    for (const path of ['src/node.ts', 'src/sim/a.ts', 'protocols/a/a.ts', 'examples/a.ts', 'src/quorum/a.ts']) {
      expect(count(impurities, path, text), path).toBeGreaterThan(0)
    }
    expect(count(impurities, 'src/runtime/a.ts', text)).toBe(0)
  })

  test.each([
    'this.process = x',
    'const a = { fetch: 1 }',
    'for (const { process } of all) f(1)',
    'Math.floor(1.5)',
    'x.Date',
  ])('may say: %s', (text) => expect(impurities(sourceOf('src/sim/a.ts', text))).toEqual([]))
})

describe('style', () => {
  test('files have at most 400 lines', () => expect(findings(style.longFile)).toEqual([]))
  test('functions have at most 70 lines', () => expect(findings(style.longFunctions)).toEqual([]))
  test('nothing is unfinished', () => {
    expect(TEXTS.flatMap((path) => style.unfinished(path, textOf(path)))).toEqual([])
  })
  test('nothing goes around the types', () => expect(findings(style.untyped)).toEqual([]))
  test('no test is left out in silence', () => expect(findings(style.silentTests)).toEqual([]))
  test('files say what they are', () => {
    expect(SCRIPTS.flatMap((path) => style.headless(path, textOf(path)))).toEqual([])
  })
  test('every export of the core has a docstring', () => expect(style.undocumented(ROOT, 'src/index.ts')).toEqual([]))

  test('each rule sees what breaks it', () => {
    const head = '/** A file that is there to be judged. */\n'
    expect(count(style.longFile, 'src/a.ts', 'x\n'.repeat(401))).toBe(1)
    expect(count(style.longFile, 'src/a.ts', 'x\n'.repeat(400))).toBe(0)
    expect(count(style.longFunctions, 'src/a.ts', `class A { f() {\n${'x\n'.repeat(69)}} }`)).toBe(1)
    expect(count(style.longFunctions, 'src/a.ts', `const f = () => {\n${'x\n'.repeat(68)}}`)).toBe(0)
    expect(count(style.longFunctions, 'a.test.ts', `describe('a', () => {\n${'x\n'.repeat(99)}})`)).toBe(0)
    expect(style.unfinished('a', `x\n// ${'TO'}${'DO'}: y`)).toHaveLength(1)
    expect(count(style.untyped, 'src/a.ts', 'const a = b as any')).toBe(1)
    expect(count(style.untyped, 'src/a.ts', `// @ts-${'ignore'}`)).toBe(1)
    expect(count(style.untyped, 'src/a.ts', `// @ts-${'expect-error'}`)).toBe(1)
    expect(count(style.untyped, 'src/a.test-d.ts', `// @ts-${'expect-error'}`)).toBe(0)
    for (const name of ['only', 'skip', 'todo', 'concurrent.only', 'skipIf(x)', 'each([1]).skip']) {
      expect(count(style.silentTests, 'src/a.test.ts', `test.${name}('a', f)`), name).toBe(1)
    }
    expect(count(style.silentTests, 'src/a.test.ts', "console.warn('SKIPPED')\ntest.skipIf(x)('a', f)")).toBe(0)
    expect(style.headless('a', 'const a = 1\n')).toHaveLength(1)
    expect(style.headless('a', '/** */\n')).toHaveLength(1)
    expect(style.headless('a', `#!/usr/bin/env node\n${head}`)).toEqual([])
  })

  test('an export without a docstring is seen', () => {
    expect(style.undocumented(ROOT, 'test/repository/fixtures/exports.ts')).toEqual([
      'test/repository/fixtures/exports.ts exports bare without a docstring',
    ])
  })
})

describe('files', () => {
  const executable = (path: string) => (lstatSync(ROOT + path).mode & 0o111) !== 0

  test('programs can be started, sources cannot', () => {
    const programs = PATHS.filter((path) => textOf(path).startsWith('#!'))
    expect(programs).toContain('bin/server')
    expect(programs.filter((path) => !executable(path))).toEqual([])
    const starters = PATHS.filter((path) => /^bin\/[^.]+$/.test(path))
    expect(starters.filter((path) => !programs.includes(path))).toEqual([])
    expect(starters.filter((path) => !PATHS.includes(`${path}.ts`))).toEqual([])
    expect(PATHS.filter((path) => /\.(ts|mjs|json|md)$/.test(path) && executable(path))).toEqual([])
  })

  test('the lock file names no host', () => {
    expect(
      textOf('package-lock.json').match(
        /https?:\/\/(?!opencollective|github|www\.|[a-z.]*patreon|feross|paulmillr|dotenvx)[^"]*\.tgz/g,
      ),
    ).toBeNull()
    expect(textOf('package-lock.json')).not.toContain('"resolved"')
  })

  test('nothing names the place of this checkout', () => {
    const place = ROOT.replace(/\/$/, '')
    expect(PATHS.filter((path) => textOf(path).includes(place))).toEqual([])
  })
})
