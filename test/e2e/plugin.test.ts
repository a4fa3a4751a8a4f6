/**
 * A protocol from outside: `examples/echo` as its README says, with the package as `npm pack` makes it, in a folder that
 * knows nothing of this project. Nothing is fetched: the packages that Synod needs are linked from where they are.
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { homedir, hostname } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { freePorts } from '../../src/runtime/free-ports.ts'
import { type Finished, requireBuilt, startFile, temporaryDirectory, until } from '../support/processes.ts'
import { ask } from './cluster.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const ECHO = ['echo.ts', 'echo.test.ts', 'package.json', 'tsconfig.json', 'vitest.config.ts']
const TSC = 'node_modules/typescript/bin/tsc'
const PROGRAMS = 'node_modules/.bin'
const NODES = ['1.1', '1.2', '1.3']

/** What `package.json` says to others. */
interface Manifest {
  readonly bin: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>
}

/** Runs a program to its end, which must be a good one. */
async function run(directory: string, file: string, ...args: string[]): Promise<Finished> {
  const finished = await startFile(file, args, directory).ended
  expect(finished, `${file} ${args.join(' ')}`).toMatchObject({ code: 0 })
  return finished
}

/** Packs the built project, and unpacks that in a directory; gives where the package is. */
async function pack(directory: string): Promise<string> {
  requireBuilt()
  const packed = ['pack', '--silent', '--ignore-scripts', '--offline', '--pack-destination', directory]
  const { stdout } = await run(ROOT, 'npm', ...packed)
  await run(directory, 'tar', '-xzf', stdout.trim())
  return join(directory, 'package')
}

/** The project `examples/echo` in a directory of its own, with the package and what it needs installed. */
async function project(): Promise<string> {
  const directory = temporaryDirectory()
  for (const name of ECHO) copyFileSync(join(ROOT, 'examples/echo', name), join(directory, name))
  const modules = join(directory, 'node_modules')
  mkdirSync(join(modules, '.bin'), { recursive: true })
  for (const name of ['typescript', 'vitest', '@types'])
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name))
  const synod = join(modules, 'synod')
  await run(directory, 'mv', await pack(directory), synod)
  symlinkSync(join(ROOT, 'node_modules'), join(synod, 'node_modules'))
  for (const [name, target] of Object.entries(manifestIn(synod).bin)) {
    symlinkSync(join(synod, target), join(modules, '.bin', name))
  }
  await run(directory, 'node', TSC)
  return directory
}

function manifestIn(directory: string): Manifest {
  return JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Manifest
}

/** The paths of all files in a directory, from there. */
function filesIn(directory: string): string[] {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true })
  return entries.filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name).slice(directory.length + 1))
}

async function configFile(directory: string): Promise<Readonly<Record<string, string>>> {
  const ports = await freePorts(2 * NODES.length)
  const addresses = (scheme: string, first: number) =>
    Object.fromEntries(NODES.map((id, i) => [id, `${scheme}://127.0.0.1:${ports[first + i]}`]))
  const http = addresses('http', NODES.length)
  writeFileSync(join(directory, 'config.json'), JSON.stringify({ address: addresses('tcp', 0), http_address: http }))
  return http
}

test('the package holds what it offers, and no test, no place of this machine, no host of a registry', async () => {
  const directory = await pack(temporaryDirectory())
  const files = filesIn(directory)
  const { bin, exports } = manifestIn(directory)
  const offered = Object.values(exports).flatMap((target) =>
    typeof target === 'string' ? [target] : [target.types, target.default],
  )
  const missing = [...offered, ...Object.values(bin)].filter((path) => !files.includes(path.replace(/^\.\//, '')))
  expect(missing).toEqual([])
  expect(files).toEqual(expect.arrayContaining(['README.md', 'LICENSE', 'config.json', 'benchmark.json']))
  expect(files.filter((path) => /\.test\b|\.test-d\b|testing\/|\.patch$|^src\/|^bin\/.*\.ts$/.test(path))).toEqual([])
  const places = [ROOT.replace(/\/$/, ''), hostname(), homedir()].filter((place) => place.length > 4)
  const revealing = files.filter((path) => {
    const text = readFileSync(join(directory, path), 'utf8')
    return (
      places.some((place) => text.includes(place)) ||
      /registry\.(?!js\b|ts\b)[a-z-]+\.[a-z]|npmjs|artifactory/.test(text)
    )
  })
  expect(revealing).toEqual([])
})

test('a protocol outside the tree serves, and is judged as those inside are', { timeout: 240_000 }, async () => {
  const directory = await project()
  await findsTypes(directory)
  await serves(directory)
  await isSimulated(directory)
  const suite = await run(directory, 'node', 'node_modules/vitest/vitest.mjs', 'run', '--testTimeout', '60000')
  expect(suite.stdout).toContain('echo promises progress while so many are dead: 1x3 0 of 3 (the right 2)')
  expect(suite.stdout).toMatch(/Tests .*\d{2,} passed/)
})

/** Uses all that the package exports, rightly and wrongly: what had no types would be right in any use. */
async function findsTypes(directory: string): Promise<void> {
  const { exports } = manifestIn(join(directory, 'node_modules/synod'))
  const used = ['.', './client', './checker', './sim', './conformance', './package.json']
  expect(Object.keys(exports)).toEqual(used)
  const wrong = `// @ts-${'expect-error'}: a number`
  const text = `
import { Cluster, majority, type QuorumSystem } from 'synod'
import { checkHistory, register, type Verdict } from 'synod/checker'
import { KeyValueClient } from 'synod/client'
import { conformance } from 'synod/conformance'
import { type RunReport, run } from 'synod/sim'
import echo from './echo.js'
export const quorum: QuorumSystem = majority(new Cluster(['1.1']))
export const verdict: Verdict = checkHistory([], register())
export const client: KeyValueClient | null = null
export const report: RunReport = run({ protocol: echo, seed: 1 })
export const suite: void = conformance(echo)
${['quorum', 'verdict', 'KeyValueClient', 'report', 'conformance', 'echo'].map((name) => `${wrong}\n;(${name}) satisfies number`).join('\n')}
`
  writeFileSync(join(directory, 'uses.ts'), text)
  const flags = ['--ignoreConfig', '--noEmit', '--strict', '--types', 'node', '--module', 'nodenext']
  const { stdout } = await run(directory, 'node', TSC, ...flags, '--target', 'es2023', 'uses.ts')
  expect(stdout).toBe('')
}

/** Three servers, a key written at one and read at each. */
async function serves(directory: string): Promise<void> {
  const http = await configFile(directory)
  const servers = NODES.map((id) => {
    const flags = ['-id', id, '-algorithm', './echo.js', '-storage', 'data']
    return startFile(`${PROGRAMS}/synod-server`, flags, directory)
  })
  for (const id of NODES) {
    await until(`${id} is ready`, async () => (await ask('GET', `${http[id]}/health/ready`)).status === 200)
  }
  expect(await ask('POST', `${http['1.2']}/7`, 'hello')).toMatchObject({ status: 200, body: '' })
  for (const id of NODES) expect(await ask('GET', `${http[id]}/7`)).toMatchObject({ status: 200, body: 'hello' })
  expect(JSON.parse((await ask('GET', `${http['1.3']}/state`)).body)).toMatchObject({ algorithm: 'echo', home: '1.1' })
  const { stdout } = await run(directory, `${PROGRAMS}/synod-cmd`, '-algorithm', './echo.js', 'get', '7')
  expect(stdout).toBe('hello\n')
  for (const server of servers) server.signal('SIGKILL')
}

/** Some seeds, all states of a small scope, and a fault against which it promises nothing. */
async function isSimulated(directory: string): Promise<void> {
  const disk = ['-algorithm', './echo.js', '-storage', 'disk']
  const passed = await run(directory, `${PROGRAMS}/synod-sim`, ...disk, '-faults', 'drop,crash-all', '-seeds', '4')
  expect(passed.stdout).toMatch(/^faults: crash-all \d+, drop \d+$[\s\S]*^4 passed, 0 failed$/m)
  // With the command that repeats it here, and not in this project.
  const wipe = [...disk, '-nodes', '1x3', '-faults', 'wipe', '-seeds', '8', '-minimise=false']
  const { code, stdout } = await startFile(`${PROGRAMS}/synod-sim`, wipe, directory).ended
  expect(code).toBe(1)
  expect(stdout).toMatch(/has lost the state.* \| npx synod-sim -algorithm \.\/echo\.js .*-seed \d+ -seeds 1$/m)
  const explored = await run(directory, `${PROGRAMS}/synod-explore`, ...disk)
  expect(explored.stdout).toMatch(/^states: \d{4,}, [\s\S]*^exhausted: yes$/m)
}
