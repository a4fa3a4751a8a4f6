/** Judges a patch: applies it to a copy of the sources and runs seeds or tests there until one finds the mistake. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Patch } from './patch.ts'
import type { Tree } from './tree.ts'

/** No mutant has more runs than this to hide in. */
export const SEEDS = 200

/** The longest all runs of one mutant may take: one that makes a handler loop for ever is not found. */
const PATIENCE_MS = 600_000

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const VITEST = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url))
const RUNNER = fileURLToPath(new URL('seeds.ts', import.meta.url))

/** Runs make much short-lived garbage: with V8's own 16 MB a fifth of the time goes into collecting it. */
const NODE_FLAGS = ['--max-semi-space-size=32', '--conditions=source', '--import=tsx']

/** What a sequence of seeds showed, or the tests of a folder. */
export interface Verdict {
  readonly found: {
    readonly invariant: string
    /** 0 where it was no seed but a test. */
    readonly seed: number
    readonly where: string
    readonly message: string
  } | null
  readonly runs: number
}

/** What came of a patch: a verdict, or why there is none. */
export type Judgement = { readonly patch: Patch } & (Verdict | { readonly fault: string })

/**
 * Judges a patch on a copy of `base`, by at most `seeds` runs. Gives a fault when it does not apply, or when the
 * patched sources do not run; rejects only when the copy cannot be made. `signal` ends the runs.
 */
export async function hunt(patch: Patch, base: Tree, seeds = SEEDS, signal?: AbortSignal): Promise<Judgement> {
  const tree = base.copy()
  try {
    const fault = tree.apply(patch.path)
    if (fault !== null) return { patch, fault: `does not apply: ${fault}` }
    if (patch.tests) return { patch, ...(await test(tree, patch.tests, signal)) }
    let verdict: Verdict = { found: null, runs: 0 }
    for (const algorithm of patch.algorithms) {
      if (verdict.found) break
      const { found, runs } = await search(tree, algorithm, seeds, signal)
      // Of its own protocol nobody need be told.
      const where = patch.algorithms.length > 1 ? `${algorithm} ${found?.where}` : found?.where
      verdict = { found: found && { ...found, where: where ?? '' }, runs: verdict.runs + runs }
    }
    return { patch, ...verdict }
  } catch (error) {
    return { patch, fault: `does not run: ${error instanceof Error ? error.message : String(error)}` }
  } finally {
    tree.remove()
  }
}

/**
 * Runs seeds from 1 on in a process of its own; rejects with the last line it wrote to stderr when it fails.
 */
export function search(tree: Tree, algorithm: string, seeds: number, signal?: AbortSignal): Promise<Verdict> {
  const argv = [...NODE_FLAGS, RUNNER, tree.path, algorithm, String(seeds)]
  return new Promise((resolve, reject) => {
    execFile(process.execPath, argv, { cwd: ROOT, timeout: PATIENCE_MS, signal }, (error, stdout, stderr) => {
      if (!error) resolve(JSON.parse(stdout) as Verdict)
      else if (error.killed && error.signal) reject(new Error(`ended after ${PATIENCE_MS / 1000} s`))
      else reject(new Error(/^\w*Error.*$/m.exec(stderr)?.[0] ?? error.message))
    })
  })
}

/** What vitest's own report has of a run, as far as it is looked at. */
interface TestReport {
  readonly numTotalTests: number
  readonly testResults: readonly {
    readonly name: string
    readonly message: string
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[]
  }[]
}

/** Runs the tests of a folder of a tree; rejects when they cannot be run at all. */
export function test(tree: Tree, folder: string, signal?: AbortSignal): Promise<Verdict> {
  const argv = [VITEST, 'run', folder, '--reporter=json', '--silent', `--root=${tree.path}`]
  const bounds = { cwd: tree.path, timeout: PATIENCE_MS, maxBuffer: 2 ** 26, signal }
  return new Promise((resolve, reject) => {
    execFile(process.execPath, argv, bounds, (error, stdout, stderr) => {
      if (error?.killed) return reject(new Error(`ended after ${PATIENCE_MS / 1000} s`))
      const report = stdout.split('\n').find((line) => line.startsWith('{'))
      if (report === undefined)
        return reject(new Error(/^\w*Error.*$/m.exec(stderr)?.[0] ?? error?.message ?? 'no report'))
      const { numTotalTests: runs, testResults } = JSON.parse(report) as TestReport
      const broken = testResults.find(
        ({ message, assertionResults }) => message !== '' && assertionResults.length === 0,
      )
      if (broken) return reject(new Error(broken.message.split('\n', 1)[0]))
      const failed = testResults.flatMap(({ name, assertionResults }) =>
        assertionResults.flatMap(({ status, fullName }) => (status === 'failed' ? [{ name, fullName }] : [])),
      )
      const [first] = failed
      const where = first?.name.slice(tree.path.length + 1) ?? ''
      resolve({ found: first ? { invariant: 'tests', seed: 0, where, message: first.fullName } : null, runs })
    })
  })
}
