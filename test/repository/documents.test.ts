/** What the documents say is what the code does: listings, links, paths, commands, flags, tables of options. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, posix } from 'node:path'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { protocols } from '../../protocols/index.ts'
import { SynodError, TIMEOUTS } from '../../src/index.ts'
import { METRICS } from '../../src/metrics/catalogue.ts'
import { NEMESES } from '../../src/sim/index.ts'
import { invariants } from '../../src/sim/invariants/index.ts'
import { forbiddenImports } from './imports.ts'
import { logEvents } from './log-events.ts'
import { importsOf, isTest, ROOT, sourceOf, textOf, trackedPaths, walk } from './sources.ts'

const DOCUMENTS = trackedPaths().filter((path) => path.endsWith('.md'))

/** The cells of all table rows of a document, without heads and rules. */
function rowsOf(text: string): string[][] {
  const lines = text
    .split('\n')
    .filter((line, index, all) => line.startsWith('| ') && !/^\|-/.test(all[index + 1] ?? ''))
  return lines.map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

/** The names in backticks in a text. */
function quoted(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, name]) => name!)
}

test('there are documents', () => expect(DOCUMENTS.length).toBeGreaterThanOrEqual(7))

describe.each(DOCUMENTS)('%s', (document) => {
  const text = textOf(document)

  test('links to files that are there', () => {
    const links = [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
      .map(([, link]) => link!)
      .filter((link) => !/^[a-z]+:/.test(link))
    expect(links.filter((link) => !existsSync(ROOT + posix.join(posix.dirname(document), link)))).toEqual([])
  })

  test('names files that are there', () => {
    const paths = quoted(text).filter((name) => /^(src|bin|test|docs|protocols|examples)\/[\w./-]+$/.test(name))
    expect(paths.filter((path) => !existsSync(ROOT + path))).toEqual([])
  })

  test('names commands that are there', () => {
    const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> }
    const names = [...text.matchAll(/npm run ([a-z]+)/g)].map(([, name]) => name!)
    expect(names.filter((name) => !(name in scripts))).toEqual([])
  })
})

test('docs/simulator.md has a row for each fault and each invariant', () => {
  const cells = rowsOf(textOf('docs/simulator.md')).map(([first]) => first!)
  const faults = cells.flatMap(quoted)
  expect(faults.sort()).toEqual([...NEMESES.keys()].sort())
  const shown = cells.filter((cell) => !cell.includes('`') && cell !== 'fault' && cell !== 'invariant')
  expect(shown).toEqual([...invariants().map(({ name }) => name), 'liveness'])
})

describe('docs/operating.md', () => {
  const rows = rowsOf(textOf('docs/operating.md')).filter((row) => row.length === 4)
  const types = new Set(['counter', 'gauge', 'histogram'])

  test('has the table of metrics', () => {
    const shown = rows.filter(([, type]) => types.has(type!))
    const labelled = (labels: readonly string[]) => labels.map((label) => `\`${label}\``).join(', ')
    expect(shown).toEqual(METRICS.map(({ name, type, labels, help }) => [`\`${name}\``, type, labelled(labels), help]))
  })

  test('queries metrics that are there', () => {
    const known = METRICS.flatMap(({ name, type }) =>
      type === 'histogram' ? [name, ...['bucket', 'sum', 'count'].map((part) => `${name}_${part}`)] : [name],
    )
    const queried = textOf('docs/operating.md').match(/\bsynod_[a-z_]+/g) ?? []
    expect(queried.filter((name) => !known.includes(name))).toEqual([])
  })

  test('says of every line of the log what to do', () => {
    const sources = trackedPaths().filter((path) => /^(src|bin|protocols)\/.*\.ts$/.test(path) && !isTest(path))
    const written = sources.flatMap((path) => logEvents(sourceOf(path, textOf(path))))
    const shown = rows
      .filter(([, level]) => written.some((one) => one.level === level))
      .map(([event, level, fields, what]) => {
        expect(what!.length, event).toBeGreaterThan(20)
        return `${level} ${quoted(event!)}: ${quoted(fields!).join(', ')}`
      })
    const lines = new Set(written.map(({ event, level, fields }) => `${level} ${event}: ${fields.join(', ')}`))
    expect(shown.sort()).toEqual([...lines].sort())
  })

  test('finds the lines of a log, whoever holds it', () => {
    const text = "this.#log.info('a', { x, y: 1, ...z })\nnode.log.warn('b')\nlog[level](event)\nconsole.info('c')"
    expect(logEvents(sourceOf('src/a.ts', text))).toEqual([
      { event: 'a', level: 'info', fields: ['x', 'y', '...'] },
      { event: 'b', level: 'warn', fields: [] },
    ])
  })
})

describe('docs/adding-a-protocol.md', () => {
  const [, text = ''] = textOf('docs/adding-a-protocol.md').split('## Inside')

  test('moves an example in, to where all that it imports is there and allowed', () => {
    const commands = text
      .match(/^ {4}\$ (?:mkdir|sed) (?:.*\\\n)*.*$/gm)!
      .map((command) => command.replace('    $ ', ''))
    const root = mkdtempSync(join(tmpdir(), 'synod-moved-'))
    try {
      mkdirSync(join(root, 'protocols'))
      symlinkSync(`${ROOT}examples`, join(root, 'examples'))
      execFileSync('sh', ['-ec', commands.join('\n')], { cwd: root })
      const made = readdirSync(join(root, 'protocols/echo')).map((name) => `protocols/echo/${name}`)
      const sources = made.map((path) => sourceOf(path, readFileSync(join(root, path), 'utf8')))
      expect(sources.flatMap(forbiddenImports)).toEqual([])
      const line = sourceOf('protocols/index.ts', /```ts\n(.*)\n```/.exec(text)![1]!)
      const targets = [line, ...sources].flatMap(importsOf).flatMap(({ target }) => target ?? [])
      expect(targets.sort()).toEqual([
        'protocols/echo/index.ts',
        'protocols/echo/index.ts',
        'test/conformance/suite.ts',
      ])
      expect(made).toContain('protocols/echo/index.ts')
    } finally {
      rmSync(root, { recursive: true })
    }
  })
})

describe('README.md', () => {
  const text = textOf('README.md')

  test('shows the example as it is', () => {
    const listings = [...text.matchAll(/<!-- listing: (.+) -->\n```ts\n([\s\S]*?)```/g)]
    expect(listings.map(([, path]) => path)).toEqual(['examples/sequencer.ts'])
    for (const [, path, listing] of listings) expect(listing).toBe(textOf(path!))
  })

  test('is short', () => expect(text.split('\n').length).toBeLessThanOrEqual(300))

  test('lists the protocols', async () => {
    const rows = rowsOf(text)
    for (const [name, load] of Object.entries(protocols)) {
      const { default: protocol } = await load()
      expect(rows).toContainEqual([`[\`${name}\`](protocols/${name}/README.md)`, protocol.consistency, protocol.paper])
    }
  })

  test('lists the flags of each program, and no others', () => {
    const listed = rowsOf(text).flatMap(([flags = '', programs = '']) =>
      quoted(flags).flatMap((flag) =>
        flag.startsWith('-') ? programs.split(', ').map((name) => `${name} ${flag}`) : [],
      ),
    )
    const declared = ['server', 'client', 'cmd', 'master', 'sim', 'explore', 'checker'].flatMap((name) =>
      flagsOf(`bin/${name}.ts`).map((flag) => `${name} -${flag}`),
    )
    expect(listed.sort()).toEqual(declared.sort())
  })
})

/** The flags a program declares: the keys of `flags: { … }`, with what comes from `flags.ts`. */
function flagsOf(path: string): string[] {
  const found: string[] = []
  walk(sourceOf(path, textOf(path)).tree, (node) => {
    if (!ts.isPropertyAssignment(node) || node.name.getText() !== 'flags') return
    const { initializer } = node
    if (ts.isIdentifier(initializer)) found.push(...keysOf('bin/flags.ts', initializer.text))
    if (!ts.isObjectLiteralExpression(initializer)) return
    for (const property of initializer.properties) {
      if (ts.isSpreadAssignment(property)) found.push(...keysOf('bin/flags.ts', property.expression.getText()))
      else if (ts.isPropertyAssignment(property)) found.push(property.name.getText())
    }
  })
  return found
}

/** The keys of the object that a file declares as `name`. */
function keysOf(path: string, name: string): string[] {
  const found: string[] = []
  walk(sourceOf(path, textOf(path)).tree, (node) => {
    if (!ts.isVariableDeclaration(node) || node.name.getText() !== name || !node.initializer) return
    let value = node.initializer
    while (ts.isSatisfiesExpression(value) || ts.isAsExpression(value)) value = value.expression
    if (ts.isObjectLiteralExpression(value)) found.push(...value.properties.flatMap((p) => p.name?.getText() ?? []))
  })
  return found
}

describe.each(Object.keys(protocols))('protocols/%s/README.md', (name) => {
  const rows = rowsOf(textOf(`protocols/${name}/README.md`)).filter((row) => row.length === 5)

  test('has the options with their bounds, defaults and meanings', async () => {
    const { default: protocol } = await protocols[name]!()
    const defaults = protocol.options({}, TIMEOUTS) as Readonly<Record<string, number>>
    const shown = Object.fromEntries(rows.map(([option, , , value]) => [quoted(option!)[0], Number(value)]))
    expect(shown).toEqual(defaults)
    const meant = rows.map(([option, , , , meaning]) => [quoted(option!)[0], meaning!.replaceAll('`', '')])
    expect(protocol.meanings).toEqual(Object.fromEntries(meant))
    for (const [option, least, most] of rows) {
      const take = (value: number) => protocol.options({ [quoted(option!)[0]!]: value }, TIMEOUTS)
      for (const good of [Number(least), Number(most)]) expect(() => take(good), `${option} ${good}`).not.toThrow()
      for (const bad of [Number(least) - 1, Number(most) + 1]) {
        expect(() => take(bad), `${option} ${bad}`).toThrow(SynodError)
      }
    }
  })

  test('names every file of the protocol', () => {
    const folder = `protocols/${name}/`
    const files = trackedPaths().filter((path) => path.startsWith(folder) && path.endsWith('.ts') && !isTest(path))
    const named = rowsOf(textOf(`${folder}README.md`)).flatMap(([first = '']) => quoted(first))
    expect(named.filter((file) => file.endsWith('.ts')).sort()).toEqual(
      files.map((path) => path.slice(folder.length)).sort(),
    )
  })

  test('has the chart of messages.ts', () => {
    const chart = textOf(`protocols/${name}/messages.ts`)
      .split('\n')
      .filter((line) => line.includes('──'))
    expect(chart.length).toBeGreaterThan(1)
    const text = textOf(`protocols/${name}/README.md`)
    for (const line of chart) expect(text).toContain(line.replace(/^ \*\s+/, ''))
  })
})

test.each(Object.keys(protocols))('docs/wire-format.md has the numbers of the messages of %s', async (name) => {
  const messages = Object.entries((await import(`../../protocols/${name}/messages.ts`)) as Record<string, object>)
  const names = messages.filter(([, value]) => 'kind' in value && value.kind === 'message').map(([name]) => name)
  const text = textOf('docs/wire-format.md')
  for (const [index, name] of names.sort().entries()) expect(text).toContain(`${16 + index} \`${name}\``)
})
