/**
 * The program behind `npm run torture`: real servers with data directories are killed, stopped, cut off, and their disks
 * filled and damaged, while clients work; nothing acknowledged may be lost, and every answer must be right.
 */
import { parseFlags, run } from '../../bin/flags.ts'
import { loadProtocol } from '../../bin/protocols.ts'
import { SynodError } from '../../src/errors.ts'
import { endAll } from '../support/processes.ts'
import { damageDisks } from './damage.ts'
import { fillDisks, unmountAll } from './full-disk.ts'
import { type Plan, playRound, type RoundReport } from './round.ts'
import { KILLS } from './strikes.ts'

const PROGRAM = {
  name: 'torture',
  usage: '[flags]',
  flags: {
    algorithm: { type: 'string', default: 'paxos', describe: 'name of a protocol, or path to a plugin module' },
    rounds: { type: 'integer', default: 10, describe: 'how many rounds, each with a fresh cluster' },
    kill: {
      type: 'string',
      default: 'random',
      choices: KILLS,
      describe: 'whom kill -9 strikes; without a leader, that is one',
    },
    nodes: { type: 'integer', default: 3, describe: 'how many nodes, 1.1, 1.2 and so on' },
    seed: { type: 'integer', default: 1, describe: 'what the first round draws by; each next one has one more' },
    faults: { type: 'boolean', describe: 'also stop processes for a while, and use the fault routes' },
    seconds: { type: 'number', default: 3, describe: 'how long strikes go on in a round' },
    recovery: { type: 'number', default: 20, describe: 'after how many seconds at the latest all must serve again' },
    'full-disk': { type: 'boolean', describe: 'instead: small disks fill up (needs root, for a tmpfs)' },
    damage: { type: 'integer', describe: "instead: so many bytes flipped or files cut in one node's directory" },
  },
  epilogue: 'Exit: 0 all passed, 1 some failed, 2 usage, 130 interrupted. A round that failed keeps its directory.',
} as const

const tally = { passed: 0, failed: 0 }

async function main(): Promise<number> {
  const { flags } = parseFlags(PROGRAM, process.argv.slice(2))
  for (const name of ['rounds', 'seconds', 'recovery', 'damage'] as const) {
    if ((flags[name] ?? 1) <= 0) throw new SynodError('usage', `flag -${name} needs a number above 0`)
  }
  if (flags.nodes < 1 || flags.nodes > 9) throw new SynodError('usage', 'flag -nodes needs a number from 1 to 9')
  if (flags['full-disk'] && flags.damage !== undefined)
    throw new SynodError('usage', 'flags -full-disk and -damage are two things: give one')
  const protocol = await loadProtocol(flags.algorithm)
  const { algorithm, seed } = flags
  let results: AsyncGenerator<boolean> | Generator<boolean>
  if (flags['full-disk']) results = fillDisks({ algorithm, protocol, write: print })
  else if (flags.damage !== undefined)
    results = damageDisks({ algorithm, protocol, seed, trials: flags.damage, write: print })
  else {
    const { nodes, kill, faults, rounds } = flags
    const bounds = { loadMs: flags.seconds * 1000, recoveryMs: flags.recovery * 1000 }
    results = playRounds({ protocol, algorithm, nodes, kill, faults, seed, ...bounds }, rounds)
  }
  for await (const good of results) tally[good ? 'passed' : 'failed'] += 1
  summarize()
  return tally.failed > 0 ? 1 : 0
}

function summarize(): void {
  print(`${tally.passed} passed, ${tally.failed} failed`)
}

async function* playRounds(plan: Plan, rounds: number): AsyncGenerator<boolean> {
  for (let round = 0; round < rounds; round++) {
    const seed = plan.seed + round
    const report = await playRound({ ...plan, seed })
    await endAll()
    print(lineOf(seed, plan, report))
    yield report.failure === null
  }
}

function lineOf(seed: number, { kill }: Plan, report: RoundReport): string {
  const { acknowledged, refused, unknown, kills, faults, recoveryMs, failure, directory } = report
  const told = `${acknowledged} acknowledged, ${refused} refused, ${unknown} unknown`
  const back = recoveryMs === null ? 'did not recover' : `served again after ${(recoveryMs / 1000).toFixed(1)} s`
  const line = `seed ${seed}: kill ${kill}: ${kills} kills, ${faults} faults; ${told}; ${back}`
  return failure === null ? line : `${line}\nFAILED seed ${seed}: ${failure}\n  kept in ${directory}`
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** Leaves nothing behind; the guardian does the same when this process is killed. */
async function leave(): Promise<void> {
  unmountAll()
  await endAll()
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    summarize()
    void leave().finally(() => process.exit(130))
  })
}

await run(async () => {
  try {
    return await main()
  } finally {
    await leave()
  }
})
