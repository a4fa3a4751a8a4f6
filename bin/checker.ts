/** The program `checker`: judges a history file, prints the verdict and its evidence, and exits by the verdict. */
import { readFileSync } from 'node:fs'
import {
  casRegister,
  checkHistory,
  explain,
  FORMATS,
  type Format,
  kv,
  register,
  type Value,
} from '../src/checker/index.ts'
import { SynodError } from '../src/errors.ts'
import { COMMON, parseFlags, run } from './flags.ts'

const MODELS = { register, 'cas-register': casRegister, kv }
const EXIT = { linearizable: 0, 'not linearizable': 3, unknown: 4 }

const PROGRAM = {
  name: 'checker',
  usage: '-log FILE -model MODEL -format FORMAT [flags]',
  flags: {
    log: { type: 'string', describe: 'history to judge' },
    model: { type: 'string', choices: ['register', 'cas-register', 'kv'], describe: 'what each key is' },
    format: {
      type: 'string',
      choices: ['jepsen', 'knossos', 'porcupine-kv', 'synod'],
      describe: 'format of the history',
    },
    init: { type: 'string', describe: 'what each key holds at first: nil or a value; 0 for knossos, else nil' },
    timeout: { type: 'number', default: 60, describe: 'seconds after which the verdict is unknown' },
    json: { type: 'boolean', describe: 'print the verdict as one JSON object' },
    log_dir: COMMON.log_dir,
    log_level: COMMON.log_level,
  },
  epilogue: 'Exits with 0: linearizable, 3: not linearizable, 4: unknown, 2: usage, 1: the file cannot be read.',
} as const

function main(): number {
  const { flags } = parseFlags(PROGRAM, process.argv.slice(2))
  const { log, model, format: name, timeout } = flags
  if (log === undefined) throw new SynodError('usage', 'flag -log is missing: the history to judge')
  if (model === undefined)
    throw new SynodError('usage', `flag -model is missing: ${PROGRAM.flags.model.choices.join(', ')}`)
  if (name === undefined)
    throw new SynodError('usage', `flag -format is missing: ${PROGRAM.flags.format.choices.join(', ')}`)
  if (!(timeout > 0)) throw new SynodError('usage', 'flag -timeout needs a number of seconds above 0')
  const format = FORMATS[name]
  const initial = flags.init === undefined ? format.initial : parseInitial(flags.init, format)
  const history = format.parse(read(log), log)
  const limits = { milliseconds: timeout * 1000, now: () => performance.now() }
  const verdict = checkHistory(history, MODELS[model](initial), limits)
  process.stdout.write(flags.json ? `${JSON.stringify(verdict)}\n` : `${explain(verdict, format.times).join('\n')}\n`)
  return EXIT[verdict.verdict]
}

function parseInitial(text: string, format: Format): Value {
  if (text === 'nil') return format.absent
  if (format.values === 'text') return text
  if (!/^-?[0-9]+$/.test(text)) throw new SynodError('usage', `flag -init needs nil or an integer, not "${text}"`)
  return Number(text)
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new SynodError('malformed', `${path}:0: cannot be read: ${(error as Error).message}`)
  }
}

await run(main)
