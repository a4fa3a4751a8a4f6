/** The commands of `cmd`, one-shot and in its shell: words in, an answer that says what happened out. */
import { SynodError } from '../errors.ts'
import type { Client } from './client.ts'
import { consensus } from './consensus.ts'
import { canonicalKey } from './key.ts'
import type { Meta } from './replies.ts'

/** The part of `Client` that commands use. */
export type Target = Pick<
  Client,
  'nodes' | 'get' | 'put' | 'history' | 'state' | 'ready' | 'crash' | 'drop' | 'partition'
>

/** What a command says. */
export interface Answer {
  /** False for an absent key, a false answer or a failure. */
  readonly good: boolean
  /** The result, for stdout, without its last newline; empty for none. */
  readonly out: string
  /** What there is to say about it, for stderr; empty for nothing. */
  readonly note: string
}

interface Command {
  readonly usage: string
  readonly help: string
  /** The least and the greatest number of arguments. */
  readonly arity: readonly [number, number]
  readonly run: (target: Target, args: readonly string[]) => Promise<Answer>
}

const COMMANDS: Readonly<Record<string, Command>> = {
  get: { usage: 'get KEY', help: 'print the value of an integer key', arity: [1, 1], run: get },
  put: { usage: 'put KEY VALUE', help: 'write a value', arity: [2, 2], run: put },
  consensus: { usage: 'consensus KEY', help: 'whether all nodes agree', arity: [1, 1], run: agree },
  state: { usage: 'state [ID]', help: 'what the nodes say about themselves', arity: [0, 1], run: state },
  crash: { usage: 'crash ID SECONDS', help: 'stop a node (0: for ever)', arity: [2, 2], run: crash },
  drop: { usage: 'drop FROM TO SECONDS', help: 'lose what FROM sends to TO', arity: [3, 3], run: drop },
  partition: {
    usage: 'partition SECONDS ID...',
    help: 'cut these nodes off from the others, both ways',
    arity: [2, Number.POSITIVE_INFINITY],
    run: partition,
  },
  help: { usage: 'help', help: 'print this', arity: [0, 0], run: async () => said(helpText()) },
}

/** The names of all commands. */
export const COMMAND_NAMES: readonly string[] = [...Object.keys(COMMANDS), 'exit']

/** One line per command. */
export function helpText(): string {
  const rows = Object.values(COMMANDS).map(({ usage, help }): [string, string] => [usage, help])
  rows.push(['exit', 'leave the shell'])
  const width = Math.max(...rows.map(([usage]) => usage.length))
  const table = rows.map(([usage, help]) => `  ${usage.padEnd(width)}  ${help}`)
  return ['Commands:', ...table, 'An empty value cannot be told from an absent key.'].join('\n')
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
  if (args.length < least || args.length > most) throw new SynodError('usage', `usage: ${command.usage}`)
  try {
    return await command.run(target, args)
  } catch (error) {
    if (!(error instanceof SynodError) || error.code === 'usage') throw error
    const doubt = error.code === 'unknown' && name === 'put' ? '; the write may have been applied, now or later' : ''
    return { good: false, out: '', note: `${name} failed: ${error.message}${doubt}` }
  }
}

/**
 * Splits a line into words; a word may be quoted, `"a \"b\" c"` or `'a b'`, and may then be empty.
 * @throws SynodError `usage` when a quote is not closed
 */
export function splitWords(line: string): string[] {
  const words: string[] = []
  const form = /\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^\s"']+))/gy
  let end = 0
  for (const match of line.matchAll(form)) {
    const [all, double, single, bare] = match
    words.push(double !== undefined ? double.replace(/\\(.)/g, '$1') : (single ?? bare)!)
    end = match.index + all.length
  }
  if (line.slice(end).trim() !== '') throw new SynodError('usage', 'a quote is not closed')
  return words
}

async function get(target: Target, [text]: readonly string[]): Promise<Answer> {
  const key = keyOf(text!)
  const { value } = await target.get(key)
  if (value === null) return { good: false, out: '', note: `key ${key} is absent (or its value is empty)` }
  const printed = printable(value)
  return printed === null ? said(`0x${value.toString('hex')}`, `${value.length} bytes that are no text`) : said(printed)
}

async function put(target: Target, [text, value]: readonly string[]): Promise<Answer> {
  const key = keyOf(text!)
  const bytes = Buffer.from(value!)
  const result = await target.put(key, bytes)
  return said(`wrote ${count(bytes.length, 'byte')} to key ${key} by node ${result.node}${place(result)}`)
}

async function agree(target: Target, [text]: readonly string[]): Promise<Answer> {
  const { agreed, explanation } = await consensus(target, keyOf(text!))
  return { good: agreed, out: String(agreed), note: explanation }
}

async function state(target: Target, [id]: readonly string[]): Promise<Answer> {
  const nodes = id === undefined ? target.nodes : [nodeOf(target, id)]
  const rows = await Promise.all(nodes.map((node) => describe(target, node)))
  return { good: rows.every(({ good }) => good), out: rows.map(({ out }) => out).join('\n'), note: '' }
}

async function describe(target: Target, node: string): Promise<Answer> {
  try {
    const [{ algorithm, executed, hash }, ready] = await Promise.all([target.state({ node }), target.ready(node)])
    return said(`${node} ${algorithm} executed ${executed ?? '?'} hash ${hash} ${ready ? 'ready' : 'not ready'}`)
  } catch (error) {
    if (!(error instanceof SynodError)) throw error
    return { good: false, out: `${node} failed: ${error.message}`, note: '' }
  }
}

async function crash(target: Target, [id, time]: readonly string[]): Promise<Answer> {
  const node = nodeOf(target, id!)
  const seconds = secondsOf(time!)
  await target.crash(node, seconds)
  return said(`${node} is down ${duration(seconds)}`)
}

async function drop(target: Target, [a, b, time]: readonly string[]): Promise<Answer> {
  const [from, to, seconds] = [nodeOf(target, a!), nodeOf(target, b!), secondsOf(time!)]
  await target.drop(from, to, seconds)
  return said(`what ${from} sends to ${to} is lost ${duration(seconds)}`)
}

async function partition(target: Target, [time, ...ids]: readonly string[]): Promise<Answer> {
  const seconds = secondsOf(time!)
  const inside = [...new Set(ids.map((id) => nodeOf(target, id)))]
  const outside = target.nodes.filter((id) => !inside.includes(id))
  if (outside.length === 0) throw new SynodError('usage', 'a partition needs nodes on both sides')
  await target.partition(seconds, inside)
  return said(`${inside.join(', ')} cut off from ${outside.join(', ')} ${duration(seconds)}`)
}

function said(out: string, note = ''): Answer {
  return { good: true, out, note }
}

function keyOf(text: string): string {
  try {
    return canonicalKey(text)
  } catch (error) {
    throw new SynodError('usage', error instanceof Error ? error.message : String(error))
  }
}

function nodeOf({ nodes }: Target, id: string): string {
  if (!nodes.includes(id)) throw new SynodError('usage', `no node ${id}; known are ${nodes.join(', ')}`)
  return id
}

function secondsOf(text: string): number {
  if (!/^-?[0-9]{1,9}$/.test(text))
    throw new SynodError('usage', `${JSON.stringify(text)} is no whole number of seconds`)
  return Number(text)
}

function duration(seconds: number): string {
  return seconds <= 0 ? 'for ever' : `for ${count(seconds, 'second')}`
}

function place({ slot, ballot }: Meta): string {
  const parts = [slot === null ? '' : `slot ${slot}`, ballot === null ? '' : `ballot ${ballot}`].filter(Boolean)
  return parts.length > 0 ? ` (${parts.join(', ')})` : ''
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
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
