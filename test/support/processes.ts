/**
 * Real programs for tests: starts the built ones, waits for conditions, and ends them with the test. What a test
 * started is killed by its pid after it, also when it failed; and by `guardian.mjs` when the test run itself is killed.
 * Who uses it outside of tests calls `endAll` itself.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const SOURCES = ['src', 'protocols', 'bin', 'test/conformance', 'package.json', 'tsconfig.json', 'tsconfig.build.json']
const GUARDIAN = fileURLToPath(new URL('../e2e/guardian.mjs', import.meta.url))

/** What is kept of a program's output: its end. */
const OUTPUT_CHARS = 200_000
const POLL_MS = 20

/** How a program ended, and what it had said. */
export interface Finished {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** What a program is told beside its arguments, in addition to the environment of the test. */
export type Environment = Readonly<Record<string, string>>

const programs = new Set<Program>()
const directories = new Set<string>()
let guardian: ChildProcess | null = null
let checked = false

if (process.env.VITEST === 'true') (await import('vitest')).afterEach(endAll)

/** Kills all that was started and removes all directories but those kept. */
export async function endAll(): Promise<void> {
  const left = [...programs]
  for (const program of left) program.signal('SIGKILL')
  await Promise.all(left.map(({ ended }) => ended))
  programs.clear()
  for (const directory of directories) {
    rmSync(directory, { recursive: true, force: true })
    announce('-', directory)
  }
  directories.clear()
}

/** Leaves a temporary directory to whoever wants to look at it. */
export function keep(directory: string): void {
  directories.delete(directory)
  announce('-', directory)
}

/** A running program of `bin/`. */
export class Program {
  readonly title: string
  readonly pid: number
  /** Settles when it has ended and all its output is here. */
  readonly ended: Promise<Finished>
  stdout = ''
  stderr = ''
  running = true
  readonly #child: ChildProcess

  constructor(title: string, child: ChildProcess, pid: number) {
    this.title = title
    this.pid = pid
    this.#child = child
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout = (this.stdout + text).slice(-OUTPUT_CHARS)
    })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr = (this.stderr + text).slice(-OUTPUT_CHARS)
    })
    child.once('exit', () => {
      this.running = false
      announce('-', String(pid))
    })
    this.ended = new Promise((resolve) => {
      child.once('close', (code, signal) => resolve({ code, signal, stdout: this.stdout, stderr: this.stderr }))
    })
  }

  /** Gives it something to read. */
  write(text: string): void {
    this.#child.stdin?.write(text)
  }

  /** Sends a signal to this very process; nothing happens when it has ended. */
  signal(name: NodeJS.Signals): void {
    if (this.running) this.#child.kill(name)
  }
}

/**
 * Starts `bin/NAME`, the program itself without a wrapper, in a directory of its own; it is killed after the test.
 * @throws Error when the programs are not built, or out of date
 */
export function startProgram(
  name: string,
  args: readonly string[],
  input = '',
  environment: Environment = {},
): Program {
  requireBuilt()
  return startFile(join(ROOT, 'bin', name), args, temporaryDirectory(), input, environment)
}

/** Starts any program in a directory; it is killed after the test. `input` is all that it reads; null leaves that to `write`. */
export function startFile(
  file: string,
  args: readonly string[],
  directory: string,
  input: string | null = '',
  environment: Environment = {},
): Program {
  // The coverage and the options of the test's own process are not the program's.
  const { NODE_V8_COVERAGE: _, NODE_OPTIONS: __, ...env } = process.env
  const child = spawn(file, args, { cwd: directory, env: { ...env, ...environment }, stdio: 'pipe' })
  if (child.pid === undefined) throw new Error(`${file} cannot be started`)
  const program = new Program(`${basename(file)} ${args.join(' ')}`, child, child.pid)
  programs.add(program)
  announce('+', String(child.pid))
  child.stdin.on('error', () => {})
  if (input !== null) child.stdin.end(input)
  return program
}

/** Runs `bin/NAME` to its end. `input` is what it reads. */
export function runProgram(name: string, args: readonly string[], input = ''): Promise<Finished> {
  return startProgram(name, args, input).ended
}

/** A new directory of the system's for temporary files; it is removed after the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'synod-e2e-'))
  directories.add(directory)
  announce('+', directory)
  return directory
}

/**
 * Looks again and again until `look` gives something other than false, null and undefined; gives that.
 * @throws Error after `withinMs`, with what was awaited, why it was not there, and the last lines of all programs
 */
export async function until<T>(
  what: string,
  look: () => Promise<T | false | null | undefined> | T | false | null | undefined,
  withinMs = 20_000,
): Promise<T> {
  const deadline = performance.now() + withinMs
  let reason = ''
  while (performance.now() < deadline) {
    try {
      const seen = await look()
      if (seen !== false && seen !== null && seen !== undefined) return seen
    } catch (error) {
      reason = `: ${error instanceof Error ? error.message : String(error)}`
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
  const tails = [...programs].map(({ title, running, stderr }) => {
    const lines = stderr.trimEnd().split('\n').slice(-6)
    return [`${title} (${running ? 'running' : 'ended'})`, ...lines.map((line) => `  ${line}`)].join('\n')
  })
  throw new Error(`not within ${withinMs} ms: ${what}${reason}\n${tails.join('\n')}`)
}

/** Waits until what `look` sees stays as it is for half a second. */
export async function still(look: () => Buffer): Promise<void> {
  let [before, since] = [look(), performance.now()]
  await until('nothing changes', () => {
    const now = look()
    if (!now.equals(before)) [before, since] = [now, performance.now()]
    return performance.now() - since > 500
  })
}

/** Tells the guardian what there is to end, a pid, a path or `mount:` and a path; starts it before the first. It has a group of its own, so ^C spares it. */
export function announce(sign: '+' | '-', entry: string): void {
  if (!guardian) {
    guardian = spawn(process.execPath, [GUARDIAN], { stdio: ['pipe', 'ignore', 'inherit'], detached: true })
    guardian.unref()
    guardian.stdin!.on('error', () => {})
    ;(guardian.stdin as unknown as { unref(): void }).unref()
  }
  guardian.stdin!.write(`${sign} ${entry}\n`)
}

/** @throws Error when the programs are not built, or out of date */
export function requireBuilt(): void {
  if (checked) return
  const stamp = join(ROOT, 'dist', '.built')
  if (!existsSync(stamp)) throw new Error('dist is missing: run "npm run build" first')
  const built = statSync(stamp).mtimeMs
  const newer = SOURCES.flatMap((source) => files(join(ROOT, source))).find((file) => statSync(file).mtimeMs > built)
  if (newer) throw new Error(`dist is older than ${newer.slice(ROOT.length)}: run "npm run build" first`)
  checked = true
}

/** The files that the build reads, in or at `path`. */
function files(path: string): string[] {
  if (!statSync(path).isDirectory()) return /\.test(-d)?\.ts$/.test(path) ? [] : [path]
  return readdirSync(path).flatMap((name) => files(join(path, name)))
}
