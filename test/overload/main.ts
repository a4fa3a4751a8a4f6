/**
 * The program behind `npm run overload`: finds what a cluster of real servers sustains, then asks for ten times as much.
 * Throughput must hold, what is refused must be refused for certain, memory must be flat, and nobody may campaign.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseFlags, run } from '../../bin/flags.ts'
import { SynodError } from '../../src/errors.ts'
import { RealCluster } from '../e2e/cluster.ts'
import { announce, endAll, temporaryDirectory } from '../support/processes.ts'
import { look, type Sample, Watch } from './gauges.ts'
import type { Outcome, Plan } from './plan.ts'
import { line, rate, type Stretch, Verdicts } from './verdict.ts'

const PROGRAM = {
  name: 'overload',
  usage: '[flags]',
  flags: {
    algorithm: { type: 'string', default: 'paxos', describe: 'name of a protocol, or path to a plugin module' },
    nodes: { type: 'integer', default: 3, describe: 'how many nodes, 1.1, 1.2 and so on' },
    seconds: { type: 'integer', default: 30, describe: 'how long the overload lasts' },
    times: { type: 'number', default: 10, describe: 'how many times the peak is asked for' },
    connections: { type: 'integer', default: 512, describe: 'connections of the overload' },
    depth: { type: 'integer', default: 16, describe: 'requests that one of them may have under way' },
    disk: { type: 'boolean', describe: 'nodes with data directories instead of memory' },
  },
  epilogue: 'Exit: 0 all bounds held, 1 some did not, 2 usage, 130 interrupted.',
} as const

/** Closed loops that are tried for the peak: connections, and requests under way on each. */
const LOOPS: readonly (readonly [number, number])[] = [
  [64, 1],
  [256, 1],
  [64, 16],
]
const LOOP_SECONDS = 5
const WARM_UP_SECONDS = 2
const KEYS = 1000
/** So many seconds' worth of requests are under way in a flood: they cannot all be served in time. */
const FLOOD_OF_SECONDS = 3
const FLOOD_SECONDS = 10
const GENERATOR = fileURLToPath(new URL('generator.ts', import.meta.url))

type Flags = Readonly<Record<'times' | 'seconds' | 'connections' | 'depth', number>>

const children = new Set<ChildProcess>()

async function main(): Promise<number> {
  const { flags } = parseFlags(PROGRAM, process.argv.slice(2))
  for (const name of ['nodes', 'seconds', 'times', 'connections', 'depth'] as const) {
    if (flags[name] <= 0) throw new SynodError('usage', `flag -${name} needs a number above 0`)
  }
  const cluster = await RealCluster.create(Array.from({ length: flags.nodes }, (_, index) => `1.${index + 1}`))
  const storage = flags.disk ? ['-storage', join(temporaryDirectory(), 'data')] : []
  await cluster.startAll('-algorithm', flags.algorithm, '-log_level', 'warning', ...storage)
  print(`${flags.nodes} nodes, ${flags.disk ? 'data directories' : 'memory'}, Node ${process.version}; ${machine()}`)
  const failed = await new Overload(cluster).play(flags)
  print(machine())
  return failed ? 1 : 0
}

class Overload {
  readonly #cluster: RealCluster

  constructor(cluster: RealCluster) {
    this.#cluster = cluster
  }

  /** Prints what comes of it; true when some bound did not hold. */
  async play({ times, seconds, connections, depth }: Flags): Promise<boolean> {
    const start = await this.#look()
    const loops: (readonly [(typeof LOOPS)[number], Stretch])[] = []
    for (const shape of LOOPS) loops.push([shape, await this.#closedLoop(shape)])
    const [best, peak] = loops.reduce((a, b) => (rate(b[1]) > rate(a[1]) ? b : a))
    const before = await this.#look()
    const arrivals = { connections, rate: times * rate(peak), warmUpSeconds: 0 }
    const watch = new Watch(this.#cluster)
    const title = `${times} × ${Math.round(rate(peak))}/s`
    const overload = await this.#stretch(title, { ...arrivals, depth, seconds })
    await watch.stop()
    // Once more, since a machine that others use has more to give at one time than at another.
    const peaks = [peak, await this.#closedLoop(best)]
    const deep = Math.ceil((FLOOD_OF_SECONDS * rate(peak)) / connections)
    const flood = await this.#stretch('more than anybody waits for', {
      ...arrivals,
      depth: deep,
      seconds: FLOOD_SECONDS,
    })
    const verdicts = new Verdicts(print)
    verdicts.judge({ peaks, overload, flood, start, before, after: await this.#look(), watch })
    print(`${verdicts.passed} passed, ${verdicts.failed} failed`)
    return verdicts.failed > 0
  }

  #closedLoop([connections, depth]: readonly [number, number]): Promise<Stretch> {
    const plan = { connections, depth, rate: null, seconds: LOOP_SECONDS, warmUpSeconds: WARM_UP_SECONDS }
    return this.#stretch('closed loop', plan)
  }

  /** Plays a plan and prints what came of it, and what it took of the machine. */
  async #stretch(title: string, plan: Omit<Plan, 'ports' | 'keys'>): Promise<Stretch> {
    const ports = this.#cluster.ids.map((id) => this.#cluster.httpPort(id))
    const cpu = (samples: readonly Sample[]) => samples.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0)
    const before = cpu(await this.#look())
    let after = before
    const outcome = await play({ ports, keys: KEYS, ...plan }, async () => {
      after = cpu(await this.#look())
    })
    const processors = (after - before) / (plan.seconds + plan.warmUpSeconds)
    const stretch = { outcome, processors }
    print(line(`${title}, ${plan.connections} connections × ${plan.depth}`, stretch))
    return stretch
  }

  #look(): Promise<Sample[]> {
    return Promise.all(this.#cluster.ids.map((id) => look(this.#cluster, id)))
  }
}

/** Plays a plan in a process of its own; `over` is called when its load has ended, before the last answers are here. */
function play(plan: Plan, over: () => Promise<void>): Promise<Outcome> {
  const child = fork(GENERATOR, { execArgv: ['--import', import.meta.resolve('tsx')] })
  children.add(child)
  announce('+', String(child.pid))
  return new Promise((resolve, reject) => {
    let looked = Promise.resolve()
    child.on('message', (said: Outcome | 'over') => {
      if (said === 'over') looked = over()
      else void looked.then(() => resolve(said), reject)
    })
    child.once('error', reject)
    child.once('exit', (code) => {
      children.delete(child)
      announce('-', String(child.pid))
      reject(new Error(`the generator ended with ${code}`))
    })
    child.send(plan)
  })
}

function machine(): string {
  const loads = loadavg().map((load) => load.toFixed(2))
  return `load average of the machine ${loads.join(', ')}`
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** Leaves nothing behind; the guardian does the same when this process is killed. */
async function leave(): Promise<void> {
  for (const child of children) child.kill('SIGKILL')
  await endAll()
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void leave().finally(() => process.exit(130)))
}

await run(async () => {
  try {
    return await main()
  } finally {
    await leave()
  }
})
