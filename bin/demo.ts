/**
 * The demonstration: nine servers in three zones elect a leader and serve a benchmark; half way the leader is killed;
 * then the history is judged. Whatever happens, the servers are stopped and their files removed.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Benchmark, Progress, type Report, RestTransport, reportText } from '../src/benchmark/index.ts'
import { type BenchmarkConfig, type Config, parseBenchmark, parseConfig } from '../src/config/index.ts'
import { SynodError } from '../src/errors.ts'
import { freePorts } from '../src/runtime/free-ports.ts'
import { run } from './flags.ts'

const IDS = [1, 2, 3].flatMap((zone) => [1, 2, 3].map((node) => `${zone}.${node}`))
const SECONDS = 10
/** Fewer applied operations are a failure. */
const ENOUGH = 300
/** As long as all servers live: nine of them start slowly on a machine that has other things to do. */
const PATIENCE_MS = 120_000
const POLL_MS = 50
const WORKLOAD = { T: SECONDS, K: 100, W: 0.5, Concurrency: 16, Distribution: 'uniform', LinearizabilityCheck: true }

/** The servers of the demonstration. */
class Servers {
  readonly config: Config
  readonly #directory = mkdtempSync(join(tmpdir(), 'synod-demo-'))
  readonly #children = new Map<string, ChildProcess>()
  /** Those that are meant to end. */
  readonly #dismissed = new Set<string>()

  constructor(ports: readonly number[]) {
    const addresses = (scheme: string, offset: number) =>
      Object.fromEntries(IDS.map((id, index) => [id, `${scheme}://127.0.0.1:${ports[index + offset]}`]))
    const storage = join(this.#directory, 'data')
    const places = { address: addresses('tcp', 0), http_address: addresses('http', IDS.length) }
    const text = JSON.stringify({ ...places, storage }, null, 2)
    writeFileSync(this.#configFile, text)
    this.config = parseConfig(text, 'demo')
  }

  start(): void {
    const server = fileURLToPath(new URL('server.js', import.meta.url))
    for (const id of IDS) {
      const args = [server, '-id', id, '-algorithm', 'paxos', '-config', this.#configFile, '-log_dir', this.#directory]
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
      child.stderr?.on('data', (text) => process.stderr.write(`server ${id}: ${text}`))
      this.#children.set(id, child)
    }
  }

  /** @throws SynodError when a server has ended that was not meant to */
  insist(): void {
    for (const [id, { exitCode, signalCode }] of this.#children) {
      if ((exitCode ?? signalCode) === null || this.#dismissed.has(id)) continue
      this.#showLog(id)
      throw new SynodError('unavailable', `server ${id} has ended: ${signalCode ?? `code ${exitCode}`}`)
    }
  }

  /** The node that all living nodes call their leader; waits until there is one. */
  async leader(except = ''): Promise<string> {
    const deadline = Date.now() + PATIENCE_MS
    while (Date.now() < deadline) {
      this.insist()
      const alive = IDS.filter((id) => id !== except)
      const leaders = await Promise.all(alive.map((id) => this.#leaderOf(id)))
      const [first] = leaders
      if (first && first !== except && leaders.every((leader) => leader === first)) return first
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
    for (const id of IDS) this.#showLog(id)
    throw new SynodError('unavailable', `no leader within ${PATIENCE_MS / 1000} s`)
  }

  kill(id: string): void {
    this.#dismissed.add(id)
    this.#children.get(id)?.kill('SIGKILL')
  }

  /** Ends the servers that are left, and removes their files. */
  async stop(): Promise<void> {
    const children = [...this.#children.values()].filter(
      (child) => child.exitCode === null && child.signalCode === null,
    )
    await Promise.all(
      children.map(async (child) => {
        const ended = new Promise((resolve) => child.once('exit', resolve))
        child.kill('SIGTERM')
        const force = setTimeout(() => child.kill('SIGKILL'), 5000)
        await ended
        clearTimeout(force)
      }),
    )
    rmSync(this.#directory, { recursive: true, force: true })
  }

  get #configFile(): string {
    return join(this.#directory, 'config.json')
  }

  async #leaderOf(id: string): Promise<string | null> {
    try {
      const response = await fetch(`${this.config.http_address[id]}/state`, { signal: AbortSignal.timeout(1000) })
      const state: unknown = await response.json()
      return (state as { leader?: string | null }).leader ?? null
    } catch {
      return null
    }
  }

  /** The last lines of a server's log. */
  #showLog(id: string): void {
    let lines = ['left no log']
    try {
      lines = readFileSync(join(this.#directory, `server.${id}.log`), 'utf8')
        .trimEnd()
        .split('\n')
        .slice(-5)
    } catch {
      // It ended before it opened one.
    }
    for (const line of lines) process.stderr.write(`server ${id}: ${line}\n`)
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

async function benchmark(servers: Servers, workload: BenchmarkConfig, leader: string): Promise<Report> {
  const { http_address: nodes, timeouts } = servers.config
  const transport = new RestTransport({
    nodes,
    id: '',
    algorithm: 'paxos',
    connections: workload.Concurrency,
    timeoutMs: timeouts.request_ms + 3000,
  })
  const progress = new Progress(workload)
  let killing: Promise<void> | undefined
  const halfWay = async () => {
    const killedAt = performance.now()
    servers.kill(leader)
    say(`half way: killed the leader ${leader}`)
    const successor = await servers.leader(leader)
    say(`all others follow ${successor} after ${Math.round(performance.now() - killedAt)} ms`)
  }
  const begin = () => {
    killing = halfWay()
    // Its failure is that of the demonstration once the benchmark has ended.
    killing.catch(() => {})
  }
  const watcher = {
    onPhase(phase: 'survey' | 'load' | 'run' | 'judge') {
      progress.onPhase(phase)
      if (phase === 'run') setTimeout(begin, (SECONDS * 1000) / 2)
    },
  }
  const runner = new Benchmark({ config: workload, transport, load: false, watcher })
  progress.watch(runner)
  try {
    const report = await runner.run()
    await killing
    return report
  } finally {
    progress.stop()
    await transport.close()
  }
}

function judge({ operations, verdict, explanation }: Report): number {
  if (operations < ENOUGH) say(`FAILED: only ${operations} operations succeeded, fewer than ${ENOUGH}`)
  if (verdict !== 'linearizable') say(`FAILED: the history is ${verdict}: ${explanation}`)
  const good = operations >= ENOUGH && verdict === 'linearizable'
  if (good) say('no acknowledged write was lost, and no read was stale')
  return good ? 0 : 1
}

async function main(): Promise<number> {
  const servers = new Servers(await freePorts(2 * IDS.length))
  const parent = Number(process.env.SYNOD_DEMO_PARENT ?? process.ppid)
  const abandon = () => void servers.stop().finally(() => process.exit(130))
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, abandon)
  // Whoever started this may be killed without a word.
  setInterval(() => process.ppid !== parent && abandon(), 200).unref()
  try {
    say(`starting ${IDS.length} servers in 3 zones, algorithm paxos, records on disk`)
    servers.start()
    const leader = await servers.leader()
    say(`leader: ${leader}; benchmark for ${SECONDS} s with ${WORKLOAD.Concurrency} workers on all nodes`)
    const report = await benchmark(servers, parseBenchmark(JSON.stringify(WORKLOAD), 'demo'), leader)
    servers.insist()
    say(reportText(report).trimEnd())
    return judge(report)
  } finally {
    await servers.stop()
  }
}

await run(async () => {
  // Nothing is open any more; a watch on a pipe of the parent must not keep the process.
  process.exit(await main())
})
