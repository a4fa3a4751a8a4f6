/** The program `cmd`: one command on a running cluster, or a shell for them. */
import { createInterface } from 'node:readline'
import { ANSWER_BYTES } from '../src/client/connections.ts'
import {
  type Answer,
  Client,
  complete,
  execute,
  helpText,
  jsonOf,
  KeyValueClient,
  splitWords,
  type Target,
} from '../src/client/index.ts'
import type { Config } from '../src/config/index.ts'
import { Cluster } from '../src/index.ts'
import { readConfig } from '../src/runtime/config-file.ts'
import { fetchConfig } from '../src/runtime/remote-config.ts'
import { COMMON, exitCodeOf, isExpected, parseFlags, report, run } from './flags.ts'

const PROGRAM = {
  name: 'cmd',
  usage: '[flags] [command]',
  flags: { ...COMMON, json: { type: 'boolean', describe: 'print each answer as one JSON object on a line' } },
  positionals: true,
  epilogue: `${helpText()}
Without a command: a shell on a terminal; else one command per line, and the exit code is the worst of them.
With -json an object has command and good; what is known of it (get: key, node, and value, or base64 of what is no
text; put: key, node, slot, ballot; consensus: agreed, explanation; state and heal: nodes); and in text and note what is
printed without the flag. After a failure it has error instead, whatever failed: the cluster, a wrong command, the
configuration, or a master that is away; command is empty if none was read. Only wrong flags stay one line on stderr. A
terminal is read like a pipe.
Without -id each request goes to a random node; with -algorithm chain, put goes to the first node and get to the last.
Exit: 0 good, 1 an absent key, a false answer or a failure, 2 usage, 130 interrupted.`,
} as const

const SPARE_MS = 3_000

async function main(): Promise<number> {
  const { flags, positionals } = parseFlags(PROGRAM, process.argv.slice(2))
  const print = flags.json ? printJson : printText
  try {
    return await perform(flags, positionals, print)
  } catch (error) {
    return failed(print, positionals[0] ?? '', error)
  }
}

type CmdFlags = ReturnType<typeof parseFlags<(typeof PROGRAM)['flags']>>['flags']

/** Runs the command, or a shell; gives the exit code. */
async function perform(flags: CmdFlags, positionals: readonly string[], print: Print): Promise<number> {
  if (positionals[0] === 'help') return print('help', { good: true, out: helpText(), note: '', facts: {} })
  // A chain has a head and a tail; all else is asked in the same way, as Paxi's clients do.
  const algorithm = flags.algorithm.toLowerCase()
  const config = flags.master === '' ? readConfig(flags.config) : await fetchConfig(flags.master)
  const id = flags.id ?? ''
  const clients = clientsOf(config, id, algorithm)
  const target = targetOf(clients)
  try {
    if (positionals.length > 0) return print(positionals[0]!, await execute(target, positionals))
    const shell = process.stdin.isTTY && !flags.json
    return shell ? await converse(target, id) : await readLines(target, print)
  } finally {
    await Promise.all([clients.client.close(), clients.reader.close(), clients.writer.close()])
  }
}

/** The clients behind the commands. As in Paxi a chain is written at its first node and read at its last. */
function clientsOf({ http_address: nodes, timeouts, limits }: Config, id: string, algorithm: string) {
  const timeoutMs = timeouts.request_ms + SPARE_MS
  const common = { nodes, timeoutMs, answerBytes: Math.max(limits.body_bytes, ANSWER_BYTES) }
  const { members } = new Cluster(Object.keys(nodes))
  const chain = algorithm === 'chain' && id === ''
  const [head, tail] = chain ? [members[0]!.name, members.at(-1)!.name] : [id, id]
  // One attempt, at the node that was named: who explores a cluster wants to hear what that one says.
  const texts = (node: string) =>
    new KeyValueClient({ ...common, attemptMs: timeoutMs, attempts: 1, ...(node === '' ? {} : { id: node }) })
  return { client: new Client({ ...common, id }), head, tail, writer: texts(head), reader: texts(tail) }
}

function targetOf({ client, head, tail, writer, reader }: ReturnType<typeof clientsOf>): Target {
  const at = (node: string) => (node === '' ? {} : { node })
  return {
    nodes: client.nodes,
    faults: client.faults,
    get: (key) => client.get(key, at(tail)),
    put: (key, value) => client.put(key, value, at(head)),
    texts: { get: (key) => reader.get(key), put: (key, value) => writer.put(key, value) },
    history: (key, options) => client.history(key, options),
    state: (options) => client.state(options),
  }
}

/**
 * A shell on a terminal; it is left without complaint whatever was said in it, but for ^C. What was typed before ^D is done
 * to its end; ^C lets only the command that runs tell its answer.
 */
async function converse(client: Target, id: string): Promise<number> {
  const terminal = createInterface({
    input: process.stdin,
    output: process.stdout,
    prompt: `synod ${id === '' ? 'any node' : id}> `,
    completer: (line: string) => complete(client.nodes, line),
  })
  let open = true
  let interrupted = false
  terminal.on('close', () => {
    open = false
  })
  terminal.on('SIGINT', () => {
    interrupted = true
    terminal.close()
  })
  terminal.prompt()
  for await (const line of terminal) {
    if (interrupted || line.trim() === 'exit') break
    await obey(client, line, printText)
    // Behind ^D a prompt would have the terminal read again, for nobody.
    if (open) terminal.prompt()
  }
  terminal.close()
  return interrupted ? 130 : 0
}

async function readLines(client: Target, print: Print): Promise<number> {
  let worst = 0
  const lines = createInterface({ input: process.stdin })
  for await (const line of lines) {
    if (line.trim() === 'exit') break
    worst = Math.max(worst, await obey(client, line, print))
  }
  lines.close()
  return worst
}

/** Runs one line; a wrong one does not end the shell. */
async function obey(client: Target, line: string, print: Print): Promise<number> {
  let words: string[] = []
  try {
    words = splitWords(line)
    return words.length > 0 ? print(words[0]!, await execute(client, words)) : 0
  } catch (error) {
    return failed(print, words[0] ?? '', error)
  }
}

/** Prints why a command was not even tried; gives the exit code. @throws what is a defect */
function failed(print: Print, command: string, error: unknown): number {
  if (!isExpected(error)) throw error
  const reason = report(error)
  print(command, { good: false, out: '', note: reason, facts: { error: reason } })
  return exitCodeOf(error)
}

/** Prints what a command says; gives the exit code. */
type Print = (command: string, answer: Answer) => number

function printText(_command: string, { good, out, note }: Answer): number {
  if (out !== '') process.stdout.write(`${out}\n`)
  if (note !== '') process.stderr.write(`${note}\n`)
  return good ? 0 : 1
}

function printJson(command: string, answer: Answer): number {
  process.stdout.write(`${jsonOf(command, answer)}\n`)
  return answer.good ? 0 : 1
}

await run(main)
