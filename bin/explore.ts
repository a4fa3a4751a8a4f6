/**
 * The program `explore`: everything that can happen in a small scope, on the servers' own code, each state once. It tells
 * how many states there are, how deep they lie and whether they were all seen.
 */
import { SynodError } from '../src/index.ts'
import { type Exploration, explore, type Scope, type Task } from '../src/sim/index.ts'
import { parseFlags, run } from './flags.ts'
import { loadProtocol } from './protocols.ts'

/** A Set holds no more. */
const MOST_STATES = 2 ** 24 - 1

const PROGRAM = {
  name: 'explore',
  usage: '[flags]',
  flags: {
    algorithm: { type: 'string', default: 'paxos', describe: 'name of a protocol, or path to a plugin module' },
    nodes: { type: 'integer', default: 3, describe: 'how many nodes, 1.1, 1.2 and so on' },
    commands: { type: 'string', default: 'put@1.1,get@1.2', describe: 'what clients ask at which nodes, of one key' },
    timers: { type: 'integer', default: 1, describe: 'how many timers may ring' },
    losses: { type: 'integer', default: 1, describe: 'how many writes may be lost on the way' },
    crashes: { type: 'integer', default: 0, describe: 'how often a node may be killed; it may come back' },
    reorder: { type: 'boolean', describe: 'writes between two nodes overtake each other' },
    start: {
      type: 'string',
      default: 'blank',
      choices: ['blank', 'settled'],
      describe: 'settled: 1.1 has rung once and all has arrived, so where there are leaders it leads',
    },
    storage: { type: 'string', default: 'memory', choices: ['disk', 'memory'], describe: 'what nodes remember by' },
    limit: { type: 'integer', default: 2_000_000, describe: 'how many states are looked at' },
  },
  epilogue: `Exit: 0 all was seen and nothing was violated, 1 violated, 2 usage, 4 nothing was violated so far, but not all was seen.`,
} as const

async function main(): Promise<number> {
  const { flags } = parseFlags(PROGRAM, process.argv.slice(2))
  const { nodes, timers, losses, crashes, limit } = flags
  if (nodes < 1 || nodes > 9) throw new SynodError('usage', 'flag -nodes needs a number from 1 to 9')
  if (limit < 1 || limit > MOST_STATES)
    throw new SynodError('usage', `flag -limit needs a number from 1 to ${MOST_STATES}`)
  for (const [name, value] of Object.entries({ timers, losses, crashes }))
    if (value < 0) throw new SynodError('usage', `flag -${name} needs a number of at least 0`)
  const scope = {
    protocol: await loadProtocol(flags.algorithm),
    nodes,
    tasks: tasksOf(flags.commands, nodes),
    durable: flags.storage === 'disk',
    reorder: flags.reorder,
    settled: flags.start === 'settled',
    timers,
    losses,
    crashes,
    limit,
    onProgress: ({ states, depth }) => show(`${states} states, depth ${depth}`),
  } satisfies Scope
  const found = explore(scope)
  show('')
  process.stdout.write(report(found))
  if (found.violation) return 1
  return found.exhausted ? 0 : 4
}

/** What clients ask: `put@1.1,get@1.2`. Each put writes a value of its own, named by its place. */
function tasksOf(text: string, nodes: number): Task[] {
  const words = text.split(',').filter((word) => word !== '')
  if (words.length > 9) throw new SynodError('usage', 'flag -commands: more than 9 are too many')
  return words.map((word, index) => {
    const [, op, number] = /^(get|put)@1\.([1-9])$/.exec(word) ?? []
    if (op === undefined || Number(number) > nodes)
      throw new SynodError(
        'usage',
        `flag -commands: "${word}" is not get@NODE or put@NODE with a node from 1.1 to 1.${nodes}`,
      )
    return { node: Number(number) - 1, key: 'x', value: op === 'put' ? `v${index + 1}` : null }
  })
}

/** Shows on a terminal how far it is, in the place of what was shown before. */
function show(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`)
}

function report({ states, moves, depth, ends, locals, executed, exhausted, violation }: Exploration): string {
  const story = violation ? [...violation.story, `violated: ${violation.invariant}: ${violation.message}`] : []
  return [
    ...story,
    `states: ${states}, by ${moves} moves, ${ends} of them ends`,
    `single nodes: ${locals} states, ${executed} steps executed`,
    `depth: ${depth}`,
    `exhausted: ${exhausted ? 'yes' : 'no'}`,
    '',
  ].join('\n')
}

await run(main)
