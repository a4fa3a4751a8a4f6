/** What commands are made of: the answer that says what happened, and the words that a user types, each checked. */
import { SynodError } from '../errors.ts'
import { canonicalKey } from './key.ts'

/** What a command found or did, by name, for programs. */
export type Facts = Readonly<Record<string, unknown>>

/** What a command says. */
export interface Answer {
  /** False for an absent key, a false answer or a failure. */
  readonly good: boolean
  /** The result, for stdout, without its last newline; empty for none. */
  readonly out: string
  /** What there is to say about it, for stderr; empty for nothing. */
  readonly note: string
  /** What programs need not read out of the words; `error` where the cluster has failed. */
  readonly facts: Facts
}

/** The answer of a command that went well. */
export function said(out: string, facts: Facts = {}, note = ''): Answer {
  return { good: true, out, note, facts }
}

/** The answer of one node of several that has failed. @throws what is no failure of the cluster */
export function failedAt(node: string, error: unknown): Answer {
  if (!(error instanceof SynodError)) throw error
  const { message } = error
  return { good: false, out: `${node} failed: ${message}`, note: '', facts: { node, error: message } }
}

/** The answers of several nodes as one: good if all are. */
export function perNode(answers: readonly Answer[]): Answer {
  return {
    good: answers.every(({ good }) => good),
    out: answers.flatMap(({ out }) => (out === '' ? [] : [out])).join('\n'),
    note: '',
    facts: { nodes: answers.map(({ facts }) => facts) },
  }
}

/** An answer as one line of JSON: the command, whether it was good, its facts, and what there is of its words. */
export function jsonOf(command: string, { good, out, note, facts }: Answer): string {
  // The note of a failure says no more than its error.
  const words = 'error' in facts ? {} : { text: out || undefined, note: note || undefined }
  return JSON.stringify({ command, good, ...facts, ...words })
}

/** A count with its noun: `1 byte`, `2 bytes`. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}

/** Whether a word is meant as an integer key: then it must be a good one, lest a typing error be taken for text. */
export function looksWhole(text: string): boolean {
  return /^[+-]?[0-9]+$/.test(text)
}

/** The integer key that a word names. @throws SynodError `usage` when it is none */
export function keyOf(text: string): string {
  try {
    return canonicalKey(text)
  } catch (error) {
    throw new SynodError('usage', error instanceof Error ? error.message : String(error))
  }
}

/** The node that a word names. @throws SynodError `usage` when there is none */
export function nodeOf({ nodes }: { readonly nodes: readonly string[] }, id: string): string {
  if (!nodes.includes(id)) throw new SynodError('usage', `no node ${id}; known are ${nodes.join(', ')}`)
  return id
}

/** The whole number that a word is, of seconds or milliseconds. @throws SynodError `usage` when it is none */
export function wholeOf(text: string, unit: 'seconds' | 'milliseconds'): number {
  const [form, digits] = unit === 'seconds' ? [/^-?[0-9]{1,9}$/, 9] : [/^[0-9]{1,7}$/, 7]
  if (!form.test(text))
    throw new SynodError('usage', `${JSON.stringify(text)} is no whole number of ${unit} with at most ${digits} digits`)
  return Number(text)
}

/** The chance that a word is. @throws SynodError `usage` when it is no number from 0 to 1 */
export function chanceOf(text: string): number {
  const chance = /^[0-9]*\.?[0-9]+$/.test(text) ? Number(text) : Number.NaN
  if (!(chance >= 0 && chance <= 1)) throw new SynodError('usage', `${JSON.stringify(text)} is no chance from 0 to 1`)
  return chance
}

/** How long a fault lasts, in words. */
export function duration(seconds: number): string {
  return seconds <= 0 ? 'for ever' : `for ${count(seconds, 'second')}`
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
