/**
 * The program `sim`: runs seeds of the simulator on all cores, and prints what fails with the command that reproduces it.
 * The main thread hands out seeds; each worker, which is this file again, runs one at a time.
 */
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { SingleBar } from 'cli-progress'
import { type Log, type NodeId, SynodError } from '../src/index.ts'
import {
  LAYOUTS,
  type Minimised,
  minimise,
  NEMESES,
  type RunOptions,
  type RunReport,
  run as runSeed,
  textOfTrace,
} from '../src/sim/index.ts'
import { parseFlags, run } from './flags.ts'
import { loadProtocol } from './protocols.ts'

const PROGRAM = {
  name: 'sim',
  usage: '[flags]',
  flags: {
    algorithm: { type: 'string', default: 'paxos', describe: 'name of a protocol, or path to a plugin module' },
    seeds: { type: 'integer', describe: 'how many seeds to run (default 100; 1 with -trace)' },
    seed: { type: 'integer', default: 1, describe: 'the first seed' },
    nodes: { type: 'string', describe: 'layout, zones x nodes, or number of nodes; drawn by each seed if left out' },
    faults: { type: 'string', describe: 'kinds of faults, with commas; drawn by each seed if left out' },
    storage: { type: 'string', choices: ['disk', 'memory'], describe: 'what nodes remember by; drawn if left out' },
    trace: { type: 'boolean', describe: "print the nodes' log lines, with virtual time, of a single seed" },
    minimise: { type: 'boolean', default: true, describe: 'show the shortest trace found of what fails' },
  },
  epilogue: `Layouts: ${Object.keys(LAYOUTS).join(', ')}.
Faults: ${[...NEMESES.keys()].join(', ')}.
Exit: 0 all passed, 1 some failed or proved nothing, 2 usage, 130 interrupted.`,
} as const

/** How much of a message the one line of a failing seed shows; `-trace` shows all. */
const MESSAGE_CHARS = 300

/** How many failing seeds of a sweep are minimised, the first ones, and how long a trace may be. */
const MINIMISED_SEEDS = 3
const TRACE_LINES = 80

/** From so many runs on, with all faults and layouts drawn, at least half must change the leader where there is one. */
const SWEEP = 20

/** Runs make much short-lived garbage: with V8's own 16 MB a fifth of the time goes into collecting it. */
const YOUNG_MB = 64

/** What a worker is to run, apart from the seed. */
interface Task {
  readonly algorithm: string
  readonly options: Pick<RunOptions, 'layout' | 'faults' | 'durable'>
}

/** One thing to do for a worker: to run a seed, or to minimise one that violates something. */
interface Job {
  readonly seed: number
  readonly minimise: boolean
}

/** What a worker answers: the report, a minimised trace, or how the simulator itself failed. */
type Answer = { readonly seed: number } & (
  | { readonly report: RunReport }
  | { readonly minimised: string }
  | { readonly defect: string }
)

async function main(): Promise<number> {
  const { flags, given } = parseFlags(PROGRAM, process.argv.slice(2))
  const seeds = flags.seeds ?? (flags.trace ? 1 : 100)
  if (seeds < 1) throw new SynodError('usage', 'flag -seeds needs a number of at least 1')
  if (flags.seed < 0) throw new SynodError('usage', 'flag -seed needs a number of at least 0')
  if (!Number.isSafeInteger(flags.seed + seeds)) throw new SynodError('usage', 'flag -seed is too large')
  if (flags.trace && seeds > 1) throw new SynodError('usage', 'flag -trace is for one seed: leave -seeds out')
  await loadProtocol(flags.algorithm)
  const options = {
    ...(flags.nodes === undefined ? {} : { layout: layoutOf(flags.nodes) }),
    ...(flags.faults === undefined ? {} : { faults: faultsOf(flags.faults) }),
    ...(flags.storage === undefined ? {} : { durable: flags.storage === 'disk' }),
  }
  const chosen = (['algorithm', 'nodes', 'faults', 'storage'] as const).filter((name) => given.has(name))
  // In the project of a plugin it is the package's program that runs, and not the script of this one.
  const program = basename(process.argv[1] ?? '') === 'synod-sim' ? 'npx synod-sim' : 'npm run sim --'
  const command = [program, ...chosen.map((name) => `-${name} ${flags[name]}`)].join(' ')
  const tally = new Summary((seed) => `${command} -seed ${seed} -seeds 1`)
  if (flags.trace) {
    const answer = await traced(flags.seed, { algorithm: flags.algorithm, options })
    if (tally.take(answer) !== null) process.stdout.write(`seed ${answer.seed}: ${complaintOf(answer)}\n`)
  } else {
    const most = flags.minimise ? MINIMISED_SEEDS : 0
    await sweep(flags.seed, seeds, { algorithm: flags.algorithm, options }, tally, most)
  }
  const drawn = flags.faults === undefined && flags.nodes === undefined
  const weak = drawn ? tally.invalid : tally.unstruck(options.faults ?? [])
  // What a violation has ended early says enough.
  const invalid = tally.failed > 0 || tally.count < seeds ? null : weak
  if (invalid !== null) process.stdout.write(`invalid sweep: ${invalid}\n`)
  process.stdout.write(tally.text())
  if (tally.count < seeds) return 130
  return tally.failed > 0 || invalid !== null ? 1 : 0
}

/** A layout by its name, or the first with so many nodes. */
function layoutOf(text: string): string {
  const name = text.toLowerCase().replace('×', 'x')
  if (Object.hasOwn(LAYOUTS, name)) return name
  const bySize = Object.entries(LAYOUTS).find(([, zones]) => String(zones.reduce((a, b) => a + b)) === text)
  if (bySize) return bySize[0]
  throw new SynodError('usage', `flag -nodes needs one of ${Object.keys(LAYOUTS).join(', ')}, not "${text}"`)
}

function faultsOf(text: string): string[] {
  const names = text.split(',').filter((name) => name !== '')
  for (const name of names) {
    if (NEMESES.has(name)) continue
    throw new SynodError(
      'usage',
      `flag -faults: there is no fault "${name}"; there are ${[...NEMESES.keys()].join(', ')}`,
    )
  }
  return names
}

/**
 * Runs the seeds on all cores; ends early at an interrupt. Answers reach `tally` in the order of their seeds. The first
 * `most` seeds that violate something are minimised meanwhile, and their traces printed in the end.
 */
async function sweep(first: number, seeds: number, task: Task, tally: Summary, most: number): Promise<void> {
  const bar = new SingleBar({
    stream: process.stderr,
    format: 'seeds {bar} {value}/{total} | {failed} failed | {eta_formatted}',
    hideCursor: true,
    clearOnComplete: true,
  })
  if (process.stderr.isTTY) bar.start(seeds, 0, { failed: 0 })
  const early = new Map<number, Answer>()
  let due = first
  let next = first
  const jobs: Job[] = []
  const explained = new Map<number, string | null>()
  const take = (answer: Answer) => {
    early.set(answer.seed, answer)
    for (let ready = early.get(due); ready; ready = early.get(++due)) {
      early.delete(due)
      const violated = 'report' in ready && ready.report.violation !== null
      if (violated && explained.size < most) {
        explained.set(ready.seed, null)
        jobs.push({ seed: ready.seed, minimise: true })
      }
      const line = tally.take(ready)
      if (line === null) continue
      // A line may not run into the bar, which is drawn again below it.
      if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
      process.stdout.write(line)
    }
    if (process.stderr.isTTY) bar.update(due - first, { failed: tally.failed })
  }
  const workers = Array.from({ length: Math.min(seeds, availableParallelism()) }, () => new Lane(task))
  const interrupt = () => {
    next = first + seeds
    jobs.length = 0
    for (const worker of workers) worker.stop()
  }
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  await Promise.all(
    workers.map(async (worker) => {
      for (;;) {
        const job = jobs.shift() ?? (next < first + seeds ? { seed: next++, minimise: false } : null)
        if (!job) break
        const answer = await worker.run(job)
        if (answer && job.minimise) explained.set(job.seed, explanationOf(answer))
        else if (answer) take(answer)
      }
      worker.stop()
    }),
  )
  bar.stop()
  for (const text of explained.values()) if (text !== null) process.stdout.write(text)
}

/** One worker thread, started anew when a seed has ended it. */
class Lane {
  readonly #task: Task
  #worker: Worker | null = null
  #stopped = false

  constructor(task: Task) {
    this.#task = task
  }

  /** Does one job; null when it was stopped meanwhile. */
  async run(job: Job): Promise<Answer | null> {
    if (this.#stopped) return null
    const { seed } = job
    const worker = (this.#worker ??= new Worker(fileURLToPath(import.meta.url), {
      workerData: this.#task,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    }))
    const over = new AbortController()
    const { signal } = over
    const exit = once(worker, 'exit', { signal }).then(() => null)
    exit.catch(() => {})
    try {
      worker.postMessage(job)
      const answered = await Promise.race([once(worker, 'message', { signal }), exit])
      if (answered) return answered[0] as Answer
      this.#worker = null
      return this.#stopped ? null : { seed, defect: 'the worker ended' }
    } catch (error) {
      this.#worker = null
      return { seed, defect: error instanceof Error ? error.message : String(error) }
    } finally {
      over.abort()
    }
  }

  stop(): void {
    this.#stopped = true
    void this.#worker?.terminate()
  }
}

/** Runs one seed here and prints what the nodes log. */
async function traced(seed: number, task: Task): Promise<Answer> {
  return attempt(seed, task, (id, now) => {
    const line = (event: string, fields: Readonly<Record<string, unknown>> = {}) => {
      const details = Object.entries(fields).map(([name, value]) => ` ${name}=${String(value)}`)
      process.stdout.write(`${now().toFixed(3).padStart(10)} ${id.name.padEnd(4)} ${event}${details.join('')}\n`)
    }
    return { debug: line, info: line, warn: line, error: line }
  })
}

async function attempt(seed: number, task: Task, logOf?: (id: NodeId, now: () => number) => Log): Promise<Answer> {
  const protocol = await loadProtocol(task.algorithm)
  try {
    return { seed, report: runSeed({ protocol, seed, ...task.options, ...(logOf ? { logOf } : {}) }) }
  } catch (error) {
    return { seed, defect: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

async function shrink(seed: number, task: Task): Promise<Answer> {
  const protocol = await loadProtocol(task.algorithm)
  try {
    const minimised = minimise({ protocol, seed, ...task.options })
    return { seed, minimised: minimised ? textOf(seed, minimised) : '' }
  } catch (error) {
    return { seed, defect: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

/** A minimised trace with a line that says how much was left out. */
function textOf(seed: number, { before, after, report, lines, runs }: Minimised): string {
  const left = [
    `${after.operations} of ${before.operations} operations`,
    `${after.strikes} of ${before.strikes} faults`,
    `${after.choices} of ${before.choices} choices`,
    `${after.steps} of ${before.steps} events`,
  ]
  const head = `seed ${seed}, minimised by ${runs} runs to ${placeOf(report)} with ${left.join(', ')}:`
  return `${head}\n${textOfTrace(lines, TRACE_LINES)}\n`
}

function explanationOf(answer: Answer): string {
  if ('minimised' in answer) return answer.minimised
  return 'defect' in answer ? `seed ${answer.seed} could not be minimised: ${answer.defect}\n` : ''
}

/** What a sweep has seen so far. */
class Summary {
  count = 0
  failed = 0
  readonly #reproduce: (seed: number) => string
  readonly #totals = { ok: 0, refused: 0, unknown: 0 }
  readonly #faults = new Map<string, number>()
  #hash = 0x811c9dc5
  #invalid = 0
  #leaderChanges = 0
  #seedsWithLeader = 0
  #seedsWithChange = 0

  constructor(reproduce: (seed: number) => string) {
    this.#reproduce = reproduce
  }

  /** Counts an answer; gives the line about it if the seed failed. */
  take(answer: Answer): string | null {
    this.count += 1
    if ('report' in answer) this.#add(answer.report)
    const complaint = complaintOf(answer)
    if (complaint === null) return null
    this.failed += 1
    const oneLine = complaint.replace(/\s*\n\s*/g, ' / ')
    const shown = oneLine.length > MESSAGE_CHARS ? `${oneLine.slice(0, MESSAGE_CHARS)} …` : oneLine
    return `seed ${answer.seed}: ${shown} | ${this.#reproduce(answer.seed)}\n`
  }

  text(): string {
    const { ok, refused, unknown } = this.#totals
    const faults = [...this.#faults].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, count]) => `${name} ${count}`)
    return [
      `operations: ${ok} acknowledged, ${refused} refused, ${unknown} unknown`,
      `faults: ${faults.join(', ') || 'none'}`,
      `leader changes: ${this.#leaderChanges}, in ${this.#seedsWithChange} of ${this.count} runs`,
      `invalid runs: ${this.#invalid}`,
      `trace hash: ${this.#hash.toString(16).padStart(8, '0')}`,
      `${this.count - this.failed} passed, ${this.failed} failed`,
      '',
    ].join('\n')
  }

  /** Why a sweep of which no run failed proves little, or null: elections and takeovers are what faults are for. */
  get invalid(): string | null {
    if (this.count < SWEEP || this.#seedsWithLeader === 0 || this.#seedsWithChange * 2 >= this.count) return null
    return `the leader changed in only ${this.#seedsWithChange} of ${this.count} runs`
  }

  /** Why a sweep with named faults proves nothing about some of them, or null. */
  unstruck(names: readonly string[]): string | null {
    const missing = names.filter((name) => !this.#faults.has(name))
    return missing.length > 0 ? `never struck: ${missing.join(', ')}` : null
  }

  #add({ hash, totals, faults, led, leaderChanges, violation, invalid }: RunReport): void {
    this.#totals.ok += totals.ok
    this.#totals.refused += totals.refused
    this.#totals.unknown += totals.unknown
    for (const [name, count] of Object.entries(faults)) this.#faults.set(name, (this.#faults.get(name) ?? 0) + count)
    this.#leaderChanges += leaderChanges
    // FNV-1a over the runs' own hashes, in the order of the seeds.
    this.#hash = Math.imul(this.#hash ^ hash, 0x01000193) >>> 0
    if (led) this.#seedsWithLeader += 1
    if (leaderChanges > 0) this.#seedsWithChange += 1
    if (!violation && invalid) this.#invalid += 1
  }
}

function complaintOf(answer: Answer): string | null {
  if ('defect' in answer) return `defect: ${answer.defect}`
  if (!('report' in answer)) return null
  const { violation, invalid } = answer.report
  const where = placeOf(answer.report)
  if (violation) return `${where}: ${violation.invariant}: ${violation.message}`
  return invalid === null ? null : `${where}: invalid: ${invalid}`
}

function placeOf({ layout, durable }: RunReport): string {
  return `${layout} ${durable ? 'disk' : 'memory'}`
}

if (isMainThread) await run(main)
else {
  parentPort!.on('message', (job: Job) => {
    const task = workerData as Task
    void (job.minimise ? shrink(job.seed, task) : attempt(job.seed, task)).then((answer) =>
      parentPort!.postMessage(answer),
    )
  })
}
