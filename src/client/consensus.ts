/** Whether all nodes agree on a key: by its history where they keep one, else by the hash of their whole state. */
import { setTimeout as sleep } from 'node:timers/promises'
import { SynodError } from '../errors.ts'
import type { Client } from './client.ts'
import type { Key } from './key.ts'

/** The part of `Client` that is needed here. */
export type Observer = Pick<Client, 'nodes' | 'history' | 'state'>

/** What was found. */
export interface Consensus {
  readonly agreed: boolean
  /** One sentence that says by what, or what stands against it. */
  readonly explanation: string
}

const DEFAULT_PATIENCE_MS = 1_000
const PAUSE_MS = 50

/**
 * True only if every node answers, with a history of `key` that is not empty and of which one is the beginning of the
 * other, or with equal state hashes; of protocols without a log the hashes alone decide where histories differ. Nodes may
 * lag behind each other, so hashes are compared again for `patienceMs`.
 * @throws SynodError `malformed` for a bad key
 */
export async function consensus(
  client: Observer,
  key: Key,
  patienceMs: number = DEFAULT_PATIENCE_MS,
): Promise<Consensus> {
  const histories = await askAll(client, (node) => historyOf(client, key, node))
  if ('silent' in histories) return { agreed: false, explanation: histories.silent }
  const conflict = findConflict(histories.answers)
  if (conflict !== null && !(await isUnordered(client))) return { agreed: false, explanation: conflict }
  const lengths = [...histories.answers.values()].map((values) => values.length)
  if (conflict === null && lengths.every((length) => length > 0)) {
    return { agreed: true, explanation: `${lengths.length} nodes agree on a history of ${span(lengths)}` }
  }
  const deadline = performance.now() + patienceMs
  for (;;) {
    const states = await askAll(client, (node) => client.state({ node }))
    if ('silent' in states) return { agreed: false, explanation: states.silent }
    const hashes = [...states.answers].map(([node, state]) => `${node} ${state.hash}`)
    const distinct = new Set([...states.answers.values()].map(({ hash }) => hash))
    if (distinct.size === 1) {
      return { agreed: true, explanation: `${hashes.length} nodes have the state hash ${[...distinct][0]}` }
    }
    if (!(performance.now() < deadline)) return { agreed: false, explanation: `states differ: ${hashes.join(', ')}` }
    await sleep(PAUSE_MS)
  }
}

/** Asks all nodes at once; one that gives no answer settles the matter. */
async function askAll<T>(
  { nodes }: Observer,
  ask: (node: string) => Promise<T>,
): Promise<{ answers: Map<string, T> } | { silent: string }> {
  const settled = await Promise.allSettled(nodes.map(ask))
  const answers = new Map<string, T>()
  for (const [i, result] of settled.entries()) {
    if (result.status === 'fulfilled') answers.set(nodes[i]!, result.value)
    else if (result.reason instanceof SynodError) return { silent: result.reason.message }
    else throw result.reason
  }
  return { answers }
}

/** Whether the nodes execute in no common order: then each has the values that have reached it, and their states decide. */
async function isUnordered(client: Observer): Promise<boolean> {
  const states = await askAll(client, (node) => client.state({ node }))
  return 'answers' in states && [...states.answers.values()].every(({ executed }) => executed === null)
}

/** A node that has no such route keeps no history. */
async function historyOf(client: Observer, key: Key, node: string): Promise<Buffer[]> {
  try {
    return await client.history(key, { node })
  } catch (error) {
    if (error instanceof SynodError && error.code === 'unsupported') return []
    throw error
  }
}

/** Where two histories say different things, or null when each is the beginning of the longest. */
function findConflict(histories: ReadonlyMap<string, readonly Buffer[]>): string | null {
  const [longest] = [...histories].sort(([, a], [, b]) => b.length - a.length)
  if (!longest) return null
  for (const [node, values] of histories) {
    const i = values.findIndex((value, index) => !value.equals(longest[1][index]!))
    if (i >= 0) return `${node} and ${longest[0]} differ in value ${i + 1} of the history`
  }
  return null
}

function span(lengths: readonly number[]): string {
  const [least, most] = [Math.min(...lengths), Math.max(...lengths)]
  const values = `${most} value${most === 1 ? '' : 's'}`
  return least === most ? values : `${values}, of which the slowest node has ${least} so far`
}
