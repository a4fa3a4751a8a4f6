/** The commands of `cmd`, one-shot and in its shell: words in, an answer that says what happened out. */
import { SynodError } from '../errors.ts'
import type { Client } from './client.ts'
import { consensus } from './consensus.ts'
import { crash, drop, type FaultTarget, flaky, heal, partition, slow } from './fault-commands.ts'
import { FAULT_NAMES } from './faults.ts'
import type { KeyValueClient } from './key-value-client.ts'
import { isDefinite } from './outcomes.ts'
import { type Answer, count, failedAt, keyOf, looksWhole, nodeOf, perNode, said } from './words.ts'

/** What commands use: the parts of a `Client`, and of a `KeyValueClient` for keys that are no integers. */
export type Target = FaultTarget &
  Pick<Client, 'get' | 'put' | 'history' | 'state'> & {
    readonly texts: Pick<KeyValueClient, 'get' | 'put'>
  }

interface Command {
  readonly usage: string
  readonly help: string
  /** The least and the greatest number of arguments. */
  readonly arity: readonly [number, number]
  readonly run: (target: Target, args: readonly string[]) => Promise<Answer>
}

const COMMANDS: Readonly<Record<string, Command>> = {
  get: { usage: 'get KEY', help: 'print the value of a key', arity: [1, 1], run: get },
  put: { usage: 'put KEY VALUE', help: 'write a value', arity: [2, 2], run: put },
  consensus: { usage: 'consensus KEY', help: 'whether all nodes agree on an integer key', arity: [1, 1], run: agree },
  state: { usage: 'state [ID]', help: 'what the nodes say about themselves, and who leads', arity: [0, 1], run: state },
  crash: { usage: 'crash ID SECONDS', help: 'stop a node (0: for ever)', arity: [2, 2], run: crash },
  drop: { usage: 'drop FROM TO SECONDS', help: 'lose what FROM sends to TO', arity: [3, 3], run: drop },
  slow: { usage: 'slow FROM TO MS SECONDS', help: 'delay what FROM sends to TO', arity: [4, 4], run: slow },
  flaky: {
    usage: 'flaky FROM TO CHANCE SECONDS',
    help: 'lose a part, 0 to 1, of what FROM sends to TO',
    arity: [4, 4],
    run: flaky,
  },
  partition: {
    usage: 'partition SECONDS ID...',
    help: 'cut these nodes off from the others, both ways',
    arity: [2, Number.POSITIVE_INFINITY],
    run: partition,
  },
  heal: {
    usage: 'heal [ID] [FAULT]',
    help: 'end faults, of all nodes or one, of all kinds or one',
    arity: [0, 2],
    run: heal,
  },
  help: { usage: 'help', help: 'print this', arity: [0, 0], run: async () => said(helpText()) },
  exit: { usage: 'exit', help: 'leave the shell', arity: [0, 0], run: async () => said('') },
}

/** The names of all commands. */
export const COMMAND_NAMES: readonly string[] = Object.keys(COMMANDS)

const KEYS = `A KEY is an integer of 64 bits, or any text that does not look like an integer. Under an integer, as in Paxi, an
empty value cannot be told from an absent key.`

/** One line per command. */
export function helpText(): string {
  const rows = Object.values(COMMANDS).map(({ usage, help }): [string, string] => [usage, help])
  const width = Math.max(...rows.map(([usage]) => usage.length))
  const table = rows.map(([usage, help]) => `  ${usage.padEnd(width)}  ${help}`)
  return ['Commands:', ...table, KEYS].join('\n')
}

/**
 * Runs one command. Failures of the cluster are answers; only wrong words are errors.
 * @param words the command's name and its arguments
 * @throws SynodError `usage` for an unknown command, or arguments that are wrong in number or kind
 */
export async function execute(target: Target, words: readonly string[]): Promise<Answer> {
  const [name = '', ...args] = words
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name]! : null
  if (!command) throw new SynodError('usage', `unknown command ${JSON.stringify(name)}; try help`)
  const [least, most] = command.arity
  if (args.length < least || args.length > most) throw misused(command, args)
  try {
    return await command.run(target, args)
  } catch (error) {
    if (!(error instanceof SynodError) || error.code === 'usage') throw error
    // Nodes say so themselves.
    const doubtful = !isDefinite(error) && name === 'put' && !error.message.includes('may have been applied')
    const doubt = doubtful ? '; the write may have been applied, now or later' : ''
    const reason = `${error.message}${doubt}`
    return { good: false, out: '', note: `${name} failed: ${reason}`, facts: { error: reason } }
  }
}

/** Names a word that was meant as a flag: behind the command it is one word too many. */
function misused({ usage, arity: [, most] }: Command, args: readonly string[]): SynodError {
  const flag = args.length > most ? args.find((word) => /^--?[A-Za-z]/.test(word)) : undefined
  const hint = flag === undefined ? '' : `; unexpected ${flag}: flags stand before the command`
  return new SynodError('usage', `usage: ${usage}${hint}`)
}

async function get(target: Target, [text]: readonly string[]): Promise<Answer> {
  const whole = looksWhole(text!)
  const key = whole ? keyOf(text!) : text!
  const { value, node } = await (whole ? target.get(key) : target.texts.get(key))
  if (value === null) {
    const note = `key ${key} is absent${whole ? ' (or its value is empty)' : ''}`
    return { good: false, out: '', note, facts: { key, node, value } }
  }
  const printed = printable(value)
  if (printed !== null) return said(printed, { key, node, value: printed }, printed === '' ? 'the value is empty' : '')
  const facts = { key, node, base64: value.toString('base64') }
  return said(`0x${value.toString('hex')}`, facts, `${value.length} bytes that are no text`)
}

async function put(target: Target, [text, value]: readonly string[]): Promise<Answer> {
  const whole = looksWhole(text!)
  const key = whole ? keyOf(text!) : text!
  const bytes = Buffer.from(value!)
  const { node, slot, ballot } = await (whole ? target.put(key, bytes) : target.texts.put(key, bytes))
  const where = [slot === null ? '' : `slot ${slot}`, ballot === null ? '' : `ballot ${ballot}`].filter(Boolean)
  const place = where.length > 0 ? ` (${where.join(', ')})` : ''
  const done = `wrote ${count(bytes.length, 'byte')} to key ${key} by node ${node}${place}`
  return said(done, { key, node, slot, ballot })
}

async function agree(target: Target, [text]: readonly string[]): Promise<Answer> {
  const { agreed, explanation } = await consensus(target, keyOf(text!))
  return { good: agreed, out: String(agreed), note: explanation, facts: { agreed, explanation } }
}

async function state(target: Target, [id]: readonly string[]): Promise<Answer> {
  const nodes = id === undefined ? target.nodes : [nodeOf(target, id)]
  const rows = await Promise.all(nodes.map((node) => describe(target, node)))
  return perNode(rows)
}

async function describe(target: Target, node: string): Promise<Answer> {
  try {
    const state = await target.state({ node })
    const { algorithm, leader, executed, ready, hash, faults } = state
    const led = leader === null ? 'no leader' : `leader ${leader}`
    const line = `${node} ${algorithm} executed ${executed ?? '?'} hash ${hash} ${led} ${ready ? 'ready' : 'not ready'}`
    return said([line, ...faults.map((fault) => `${node} fault: ${fault}`)].join('\n'), { ...state })
  } catch (error) {
    return failedAt(node, error)
  }
}

/** The text that a value is, or null when it is no UTF-8 or would steer a terminal. */
function printable(value: Uint8Array): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value)
    return /\p{Cc}/u.test(text.replace(/[\t\n]/g, '')) ? null : text
  } catch {
    return null
  }
}

/**
 * What may stand where a line ends, for completion by a terminal: a command, then node ids, and for `heal` faults.
 * @returns the candidates, and the word that they complete
 */
export function complete(nodes: readonly string[], line: string): [string[], string] {
  const [, before, word] = /^(.*?)(\S*)$/s.exec(line)!
  const [name] = before!.trimStart().split(/\s+/)
  const words =
    name === '' ? COMMAND_NAMES : [...(WITH_NODES.has(name!) ? nodes : []), ...(name === 'heal' ? FAULT_NAMES : [])]
  const found = words.filter((candidate) => candidate.startsWith(word!))
  // The only one is finished by a space.
  return [found.length === 1 ? [`${found[0]} `] : found, word!]
}

/** The commands whose arguments name nodes. */
const WITH_NODES = new Set(['state', 'crash', 'drop', 'slow', 'flaky', 'partition', 'heal'])
