/**
 * The program behind `npm run soak`: each kind of bad input reaches a real server a thousand times, and then ten thousand
 * times in all. It must be answered as it should, the server must serve on, and its memory must not have grown.
 */
import { parseFlags, run } from '../../bin/flags.ts'
import { SynodError } from '../../src/errors.ts'
import { endAll } from '../support/processes.ts'
import { play, warmUp } from './play.ts'
import { datagrams } from './player.ts'
import { abdRowsOf, rowsOf } from './rows.ts'
import { Stage } from './stage.ts'

const PROGRAM = {
  name: 'soak',
  usage: '[flags]',
  flags: {
    only: { type: 'string', default: '', describe: 'only rows with this in their name' },
    few: { type: 'integer', default: 1000, describe: 'repeats before memory is looked at first' },
    many: { type: 'integer', default: 10_000, describe: 'repeats in all' },
    growth: { type: 'number', default: 20, describe: 'MiB by which memory may have grown between the two' },
  },
  epilogue: 'Exit: 0 all rows held, 1 some did not, 2 usage, 130 interrupted.',
} as const

async function main(): Promise<number> {
  const { flags } = parseFlags(PROGRAM, process.argv.slice(2))
  if (flags.few < 1 || flags.many <= flags.few)
    throw new SynodError('usage', 'flag -many needs more than -few, which needs 1')
  const total = { passed: 0, failed: 0 }
  for (const algorithm of ['paxos', 'abd']) {
    const stage = await Stage.start(algorithm)
    await warmUp(stage, flags.many)
    const socket = datagrams(stage.peerPort)
    const rows = algorithm === 'abd' ? abdRowsOf(stage) : rowsOf(stage, socket.send)
    for (const row of rows.filter(({ name }) => name.includes(flags.only))) {
      const { good, line } = await play(stage, row, flags)
      total[good ? 'passed' : 'failed'] += 1
      process.stdout.write(`${line}\n`)
    }
    socket.close()
    await stage.stop()
  }
  const { passed, failed } = total
  if (passed + failed === 0)
    throw new SynodError('usage', `flag -only: no row has ${JSON.stringify(flags.only)} in its name`)
  process.stdout.write(`${passed} passed, ${failed} failed\n`)
  return failed > 0 ? 1 : 0
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void endAll().finally(() => process.exit(130)))
}

await run(async () => {
  try {
    return await main()
  } finally {
    await endAll()
  }
})
