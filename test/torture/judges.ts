/** What must be true of a round: each judge gives a sentence about what is wrong, or null. */
import { checkHistory, explain, type History, register } from '../../src/checker/index.ts'
import type { Acknowledged } from './load.ts'

const JUDGING_MS = 60_000

/** Whether the clients' history is linearizable; an operation of unknown outcome may take effect whenever it likes. */
export function judgeHistory(history: History): string | null {
  const verdict = checkHistory(history, register(), { milliseconds: JUDGING_MS, now: () => performance.now() })
  return verdict.verdict === 'linearizable' ? null : explain(verdict, 'index').join('\n')
}

/** What clients were told of the writes of one key, and all values that the key has had on a node, in their order. */
export interface Account {
  readonly key: string
  readonly values: readonly string[]
  readonly acknowledged: readonly Acknowledged[]
  readonly refused: readonly { readonly value: string }[]
}

/** Whether each acknowledged write was executed once, at the version it was told, and no refused one was. */
export function judgeVersions({ key, values, acknowledged, refused }: Account): string | null {
  const twice = values.find((value, index) => values.indexOf(value) !== index)
  if (twice !== undefined) return `key ${key}: executed twice: ${shown(twice)}`
  const executed = new Set(values)
  const lost = acknowledged.filter(({ value }) => !executed.has(value))
  if (lost.length > 0) return `key ${key}: ${lost.length} acknowledged writes are gone, first ${shown(lost[0]!.value)}`
  const moved = acknowledged.find(({ value, version }) => version !== null && values[version - 1] !== value)
  if (moved) return `key ${key}: ${shown(moved.value)} was told version ${moved.version} and is not there`
  const liar = refused.find(({ value }) => executed.has(value))
  return liar ? `key ${key}: refused, and executed all the same: ${shown(liar.value)}` : null
}

function shown(value: string): string {
  return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)
}
