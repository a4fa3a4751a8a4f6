/** The program `client`: runs a workload, or loads the keys, against a running cluster, and reports. */
import {
  Benchmark,
  exitCode,
  Progress,
  type Report,
  RestTransport,
  reportJson,
  reportText,
  type Watcher,
} from '../src/benchmark/index.ts'
import { readBenchmark, readConfig } from '../src/runtime/config-file.ts'
import { fetchConfig } from '../src/runtime/remote-config.ts'
import { COMMON, parseFlags, READ, run } from './flags.ts'

const PROGRAM = {
  name: 'client',
  usage: '[flags]',
  flags: {
    ...COMMON,
    bconfig: {
      type: 'string',
      default: 'benchmark.json',
      describe: "workload; left out and without that file, the config's own",
    },
    load: { type: 'boolean', describe: 'write all K keys once, and nothing else' },
    read: { ...READ, describe: 'path of the reads; left out, as the servers were told' },
    json: { type: 'boolean', describe: 'print the result as one JSON object' },
  },
  epilogue: `Without -id each operation goes to a random node; with -algorithm chain, writes go to the first node and reads
to the last. Exit: 0 good, 1 no operation succeeded (-load: not every key was written), 2 usage,
3 not linearizable, 4 verdict unknown, 130 interrupted.`,
} as const

/** A client must not give up before the server does: it answers, or refuses, within its own timeout. */
const SPARE_MS = 3_000

/** No answer is longer than the longest value. Who lowers the limit may have longer ones from before: up to its default. */
const VALUE_BYTES = 2 ** 20
const SIGNALS = ['SIGINT', 'SIGTERM'] as const

async function main(): Promise<number> {
  const { flags, given } = parseFlags(PROGRAM, process.argv.slice(2))
  // A chain has a head and a tail; all else is asked in the same way, as Paxi's clients do.
  const algorithm = flags.algorithm.toLowerCase()
  const config = flags.master === '' ? readConfig(flags.config) : await fetchConfig(flags.master)
  const workload = readBenchmark(flags.bconfig, given.has('bconfig') ? undefined : config.benchmark)
  const transport = new RestTransport({
    nodes: config.http_address,
    id: flags.id ?? '',
    algorithm,
    read: flags.read,
    connections: workload.Concurrency,
    timeoutMs: config.timeouts.request_ms + SPARE_MS,
    answerBytes: Math.max(config.limits.body_bytes, VALUE_BYTES),
  })
  const progress = new Progress(workload)
  const watcher: Watcher = {
    onPhase: (phase) => {
      progress.onPhase(phase)
      // Judging blocks the event loop, so only the signals' own effect can end it.
      if (phase === 'judge') for (const signal of SIGNALS) process.removeAllListeners(signal)
    },
  }
  const benchmark = new Benchmark({ config: workload, transport, load: flags.load, watcher })
  progress.watch(benchmark)
  for (const signal of SIGNALS) {
    process.once(signal, () => {
      benchmark.interrupt()
      process.once(signal, () => process.exit(130))
    })
  }
  try {
    const report = await benchmark.run()
    progress.stop()
    process.stdout.write(flags.json ? reportJson(report) : reportText(report))
    explainFailures(report)
    return exitCode(report)
  } finally {
    progress.stop()
    await transport.close()
  }
}

function explainFailures({ operations, errors, unknown, firstFailure, interrupted }: Report): void {
  if (interrupted) process.stderr.write('interrupted: the summary is partial\n')
  if (errors + unknown === 0) return
  const start = operations === 0 ? 'no operation succeeded' : `${errors + unknown} operations failed`
  process.stderr.write(`${start}; the first: ${firstFailure}\n`)
}

await run(main)
