/** The program `cmd`: one command on a running cluster, or a shell for them. */
import { createInterface } from 'node:readline'
import { type Answer, Client, complete, execute, helpText, splitWords, type Target } from '../src/client/index.ts'
import { SynodError } from '../src/errors.ts'
import { readConfig } from '../src/runtime/config-file.ts'
import { fetchConfig } from '../src/runtime/remote-config.ts'
import { COMMON, parseFlags, run } from './flags.ts'

const PROGRAM = {
  name: 'cmd',
  usage: '[flags] [command]',
  flags: COMMON,
  positionals: true,
  epilogue: `${helpText()}
Without a command: a shell on a terminal; else one command per line, and the exit code is the worst of them.
Exit: 0 good, 1 an absent key, a false answer or a failure, 2 usage.`,
} as const

const SPARE_MS = 3_000

async function main(): Promise<number> {
  const { flags, positionals } = parseFlags(PROGRAM, process.argv.slice(2))
  if (positionals[0] === 'help') {
    process.stdout.write(`${helpText()}\n`)
    return 0
  }
  const config = flags.master === '' ? readConfig(flags.config) : await fetchConfig(flags.master)
  const id = flags.id ?? ''
  const timeoutMs = config.timeouts.request_ms + SPARE_MS
  const client = new Client({ nodes: config.http_address, id, timeoutMs })
  try {
    if (positionals.length > 0) return print(await execute(client, positionals))
    return process.stdin.isTTY ? await converse(client, id) : await readLines(client)
  } finally {
    await client.close()
  }
}

/** A shell on a terminal; it is left without complaint whatever was said in it. */
async function converse(client: Target, id: string): Promise<number> {
  const terminal = createInterface({
    input: process.stdin,
    output: process.stdout,
    prompt: `synod ${id === '' ? 'any node' : id}> `,
    completer: (line: string) => complete(client.nodes, line),
  })
  terminal.prompt()
  for await (const line of terminal) {
    if (line.trim() === 'exit') break
    await obey(client, line)
    terminal.prompt()
  }
  terminal.close()
  return 0
}

async function readLines(client: Target): Promise<number> {
  let worst = 0
  const lines = createInterface({ input: process.stdin })
  for await (const line of lines) {
    if (line.trim() === 'exit') break
    worst = Math.max(worst, await obey(client, line))
  }
  lines.close()
  return worst
}

/** Runs one line; a wrong one does not end the shell. */
async function obey(client: Target, line: string): Promise<number> {
  try {
    const words = splitWords(line)
    return words.length > 0 ? print(await execute(client, words)) : 0
  } catch (error) {
    if (!(error instanceof SynodError)) throw error
    process.stderr.write(`${error.message}\n`)
    return 2
  }
}

function print({ good, out, note }: Answer): number {
  if (out !== '') process.stdout.write(`${out}\n`)
  if (note !== '') process.stderr.write(`${note}\n`)
  return good ? 0 : 1
}

await run(main)
