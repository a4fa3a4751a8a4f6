/**
 * Flags in the style of Go, as Paxi's programs take them: `-id 1.1`, `-id=1.1` and `--id 1.1` are the same, and flags
 * end at the first word that is none. Also the frame of every program: what it prints and returns when it fails.
 */
import yargs from 'yargs'
import { nearest, TRANSPORTS } from '../src/config/index.ts'
import { SynodError } from '../src/errors.ts'
import { READ_MODES } from '../src/request.ts'

/** A flag of a program. */
export interface Flag {
  /** Ids are strings, so that `1.10` is not `1.1`. */
  readonly type: 'string' | 'number' | 'integer' | 'boolean'
  /** One line for `-help`. */
  readonly describe: string
  /** The value without the flag. Without it that is `false` for a boolean and `undefined` for others. */
  readonly default?: string | number | boolean
  /** The values that a string may have, compared without case. */
  readonly choices?: readonly string[]
}

/** The flags of a program by name, without a dash. */
export type Flags = Readonly<Record<string, Flag>>

/** A program, as `-help` shows it. */
export interface Program<F extends Flags = Flags> {
  readonly name: string
  /** What follows the name: `-id 1.1 [flags]`. */
  readonly usage: string
  readonly flags: F
  /** Whether words may follow the flags. */
  readonly positionals?: boolean
  /** What `-help` prints after the flags. */
  readonly epilogue?: string
}

type Given<F extends Flag> = F['type'] extends 'boolean'
  ? boolean
  : F['type'] extends 'number' | 'integer'
    ? number
    : F extends { readonly choices: readonly (infer C)[] }
      ? C
      : string

/** The values of flags, typed by their declaration. */
export type FlagValues<F extends Flags> = {
  readonly [K in keyof F]: F[K] extends { readonly type: 'boolean' } | { readonly default: string | number }
    ? Given<F[K]>
    : Given<F[K]> | undefined
}

/** What `parseFlags` gives. */
export interface Parsed<F extends Flags> {
  readonly flags: FlagValues<F>
  /** Which flags stand on the command line, whatever their value. */
  readonly given: ReadonlySet<keyof F>
  /** The words after the flags, exactly as typed. */
  readonly positionals: readonly string[]
}

/** The flags that every program takes. */
export const COMMON = {
  config: { type: 'string', default: 'config.json', describe: 'cluster file' },
  id: { type: 'string', describe: 'node id, zone.node' },
  algorithm: { type: 'string', default: 'paxos', describe: 'name of a protocol, or path to a plugin module' },
  transport: {
    type: 'string',
    default: 'tcp',
    choices: TRANSPORTS,
    describe: 'between nodes; left out, it is for addresses without a scheme',
  },
  log_dir: { type: 'string', default: '', describe: 'directory for the log of server and master; empty is stderr' },
  log_level: {
    type: 'string',
    default: 'info',
    choices: ['debug', 'info', 'warning', 'error'],
    describe: 'they log this and what is worse',
  },
  master: { type: 'string', default: '', describe: 'address of a master that hands out the config' },
} as const satisfies Flags

/** The flag of those programs that read. */
export const READ = {
  type: 'string',
  default: '',
  choices: READ_MODES,
  describe: 'path of reads that name none; left out, through the log',
} as const satisfies Flag

/** Thrown by `parseFlags` when the user asks for help: `run` prints it and exits with 0. */
export class HelpRequest extends Error {
  override readonly name = 'HelpRequest'
  /** What the flags before it say, as typed. */
  readonly before: ReadonlyMap<string, string>

  constructor(text: string, before: ReadonlyMap<string, string> = new Map()) {
    super(text)
    this.before = before
  }
}

/**
 * Takes a program and its arguments (without node and script); gives the values of its flags and the words after them.
 * A flag given twice has its last value. Flags end at the first word without a dash, or after `--`, as in Go; so
 * `put 1 -5` needs no quoting, and flags stand before the command.
 * @throws SynodError `usage` naming an unknown flag, a missing value, a value of the wrong kind or a word too many
 * @throws HelpRequest at `-help` or `-h`
 */
export function parseFlags<const F extends Flags>(program: Program<F>, argv: readonly string[]): Parsed<F> {
  const { tokens, positionals, given } = split(program, argv)
  if (positionals.length > 0 && !program.positionals) {
    throw usage(`unexpected argument ${JSON.stringify(positionals[0])}; flags start with a dash`)
  }
  const parser = yargs(tokens)
    .parserConfiguration({
      'short-option-groups': false,
      'dot-notation': false,
      'camel-case-expansion': false,
      'boolean-negation': false,
      'duplicate-arguments-array': false,
      'parse-numbers': false,
    })
    .locale('en')
    .help(false)
    .version(false)
    .exitProcess(false)
    .strict()
    .fail((message, error) => {
      throw error ?? usage(message)
    })
  for (const [name, flag] of Object.entries(program.flags)) {
    parser.option(name, flag.type === 'boolean' ? { type: 'boolean' } : { type: 'string', requiresArg: true })
  }
  const parsed: Record<string, unknown> = parser.parseSync()
  const flags: Record<string, unknown> = {}
  for (const [name, flag] of Object.entries(program.flags)) {
    if (!given.has(name)) flags[name] = flag.default ?? (flag.type === 'boolean' ? false : undefined)
    else flags[name] = flag.type === 'boolean' ? parsed[name] : convert(name, flag, String(parsed[name]))
  }
  return { flags: flags as FlagValues<F>, given: given as ReadonlySet<keyof F>, positionals }
}

/**
 * Runs a program: awaits `main` and makes the number that it returns the exit code. An error becomes one line on stderr
 * and exit code 2 (usage, config) or 1; only a defect shows its stack. What a failed program left open is cut off soon.
 */
export async function run(main: () => number | undefined | Promise<number | undefined>): Promise<void> {
  watchOutput()
  try {
    const code = await main()
    if (code !== undefined) process.exitCode = code
  } catch (error) {
    if (error instanceof HelpRequest) {
      process.stdout.write(error.message)
      return
    }
    process.exitCode = exitCodeOf(error)
    process.stderr.write(`${report(error)}\n`)
    // A listener opened before the failure would keep the process alive; without one, this timer keeps nothing.
    setTimeout(() => process.exit(), 500).unref()
  }
}

/**
 * Lets a program whose output cannot be written go on to its end, for it may have servers to stop; then it has failed, and
 * says so once.
 */
function watchOutput(): void {
  let lost = false
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // Who reads the output may leave first, as `head` does; that is no failure of the program.
    if (error.code === 'EPIPE' || lost) return
    lost = true
    process.stderr.write(`stdout: ${report(error)}\n`)
    // Whatever the program makes of it: only a failure of its own says more.
    process.once('exit', () => {
      if (!process.exitCode) process.exitCode = 1
    })
  })
  // There is nobody left to tell.
  process.stderr.on('error', () => {})
}

/**
 * Has SIGTERM end the program by `stop(0)` and SIGINT by `stop(130)`, instead of what held while it was loaded. What is sent
 * while it ends does nothing, so this is for programs whose end is bounded.
 */
export function onSignals(stop: (code: number) => void): void {
  let ending = false
  const end = (code: number): void => {
    if (ending) return
    ending = true
    stop(code)
  }
  for (const [signal, code] of [
    ['SIGTERM', 0],
    ['SIGINT', 130],
  ] as const) {
    const before = process.listeners(signal)
    process.on(signal, () => end(code))
    // After the new one: a signal that has come while there was none would be lost.
    for (const listener of before) process.off(signal, listener)
  }
}

/** The text of `-help`: one dash, the flags in the order of their declaration, then the epilogue. */
export function helpText(program: Program): string {
  const lines = Object.entries(program.flags).map(([name, flag]): Row => {
    const kind = flag.choices?.filter((choice) => choice !== '').join('|') ?? flag.type
    const fallback = flag.default === undefined || flag.default === '' ? '' : ` (default ${flag.default})`
    return [flag.type === 'boolean' ? `-${name}` : `-${name} ${kind}`, `${flag.describe}${fallback}`]
  })
  lines.push(['-help', 'print this and exit'])
  const end = program.epilogue === undefined ? [] : ['', program.epilogue.trimEnd()]
  const head = [`Usage: ${program.name} ${program.usage}`.trimEnd(), '', 'Flags:']
  return `${[...head, ...tableOf(lines), ...end].join('\n')}\n`
}

/** What is explained, and what it means. */
export type Row = readonly [left: string, right: string]

/** Two columns, as `-help` has them. */
export function tableOf(rows: readonly Row[]): string[] {
  const width = Math.min(28, Math.max(0, ...rows.map(([left]) => left.length)))
  return rows.map(([left, right]) =>
    left.length > width ? `  ${left}\n  ${' '.repeat(width)}  ${right}` : `  ${left.padEnd(width)}  ${right}`,
  )
}

/**
 * Walks the arguments as Go does, but takes `-sim false` for what it says. Each flag leaves in the one form `--name=value`, because yargs alone would read
 * `-sim=maybe` as false, let `-_ 5` replace the positionals, and fail inside at `-constructor=3`.
 */
function split(program: Program, argv: readonly string[]) {
  const tokens: string[] = []
  const given = new Set<string>()
  const before = new Map<string, string>()
  let i = 0
  for (; i < argv.length; i++) {
    const match = /^--?([^=]+)(?:=(.*))?$/s.exec(argv[i]!)
    if (argv[i] === '--' || !match) break
    const [, name, inline] = match as unknown as [string, string, string | undefined]
    const flag = Object.hasOwn(program.flags, name) ? program.flags[name]! : undefined
    if (!flag && (name === 'help' || name === 'h')) throw new HelpRequest(helpText(program), before)
    if (!flag)
      throw usage(`unknown flag -${name}; the nearest known flag is -${nearest(name, Object.keys(program.flags))}`)
    given.add(name)
    if (flag.type === 'boolean') {
      const separate = inline === undefined && (argv[i + 1] === 'true' || argv[i + 1] === 'false')
      tokens.push(`--${name}=${truth(name, inline ?? (separate ? argv[++i]! : 'true'))}`)
    } else {
      const value = inline ?? argv[++i]
      if (value === undefined || (inline === undefined && /^-[^.0-9]/.test(value)))
        throw usage(`flag -${name} needs a value`)
      tokens.push(`--${name}=${value}`)
      before.set(name, value)
    }
  }
  return { tokens, given, positionals: argv.slice(argv[i] === '--' ? i + 1 : i) }
}

/** The spellings of Go's `strconv.ParseBool`. */
function truth(name: string, text: string): boolean {
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)) return true
  if (['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text)) return false
  throw usage(`flag -${name} needs true or false, not ${JSON.stringify(text)}`)
}

function convert(name: string, flag: Flag, text: string): string | number {
  if (flag.type === 'number' || flag.type === 'integer') {
    const number = /^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$/.test(text) ? Number(text) : Number.NaN
    const good = flag.type === 'integer' ? Number.isSafeInteger(number) : Number.isFinite(number)
    if (good) return number
    throw usage(`flag -${name} needs a ${flag.type === 'integer' ? 'whole ' : ''}number, not ${JSON.stringify(text)}`)
  }
  if (!flag.choices) return text
  const choice = flag.choices.find((c) => c.toLowerCase() === text.toLowerCase())
  if (choice !== undefined) return choice
  const known = flag.choices.filter((c) => c !== '').join(', ')
  throw usage(`flag -${name} needs one of ${known}, not ${JSON.stringify(text)}`)
}

function usage(sentence: string): SynodError {
  return new SynodError('usage', sentence)
}

/** The exit code of a program that ends with this error. */
export function exitCodeOf(error: unknown): number {
  return error instanceof SynodError && (error.code === 'usage' || error.code === 'config') ? 2 : 1
}

/** Whether an error is no defect: a coded one, or the system's (a taken port). */
export function isExpected(error: unknown): boolean {
  return error instanceof Error && ((error instanceof SynodError && error.code !== 'internal') || 'syscall' in error)
}

/** One line for what can be expected, the stack for all else. */
export function report(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return isExpected(error) ? error.message.replace(/\s*[\r\n]+\s*/g, ' ') : (error.stack ?? error.message)
}
