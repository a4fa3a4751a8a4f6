/** An operation of a history: what a client asked, what it was told, and when. Flat, so that a million of them fit. */
import { SynodError } from '../errors.ts'

/** What a key holds; null means that it is absent. */
export type Value = string | number | null

/**
 * How an operation ended. `ok`: it took effect once between call and return. `failed`: it certainly did not happen.
 * `unknown`: it may take effect at any moment after its call, or never, whatever its `return` says.
 */
export type Outcome = 'ok' | 'failed' | 'unknown'

/** One operation of one client on one key. */
export interface Operation {
  readonly client: number | string
  readonly key: string
  /** What the model is asked to do: `get`, `put`, `append`, `cas`, or a name of another model's own. */
  readonly op: string
  /** For a put or an append the value, for a compare-and-set the pair `[from, to]`, for a get null. */
  readonly input: Value | readonly Value[]
  /** For a get the value, for a compare-and-set whether it took place; undefined where it was not observed. */
  readonly output: Value | boolean | undefined
  /**
   * When the client called and when it was answered, in any one unit. One operation precedes another if its `return`
   * is less than the other's `call`; at equal times they are concurrent, so a coarse clock weakens the verdict and
   * never makes it wrong. A caller that knows the order of its events should number them.
   */
  readonly call: number
  /** See `call`; Infinity if the answer never came. */
  readonly return: number
  readonly outcome: Outcome
}

/** What a history is made of; it need not be ordered. */
export type History = readonly Operation[]

/**
 * Refuses an operation that no history can contain.
 * @throws SynodError `malformed` when a time is not a number, an answer precedes its call, or an `ok` has no end
 */
export function assertOperation(operation: Operation): void {
  const { call, return: end, outcome } = operation
  if (!Number.isFinite(call)) throw new SynodError('malformed', `${show(operation)} has no time of call`)
  if (outcome === 'ok' && !Number.isFinite(end)) throw new SynodError('malformed', `${show(operation)} never returned`)
  if (outcome !== 'unknown' && !(end >= call)) {
    throw new SynodError('malformed', `${show(operation)} returned before it was called`)
  }
}

/** An operation in one line, without its times: `client 3 key "7": cas [1,2] -> true`. */
export function show(operation: Operation): string {
  const { client, key, op, input, output, outcome } = operation
  const asked = op === 'get' ? 'get' : `${op} ${JSON.stringify(input)}`
  const told = outcome !== 'ok' ? ` -> ${outcome}` : output === undefined ? '' : ` -> ${JSON.stringify(output)}`
  return `client ${client} key ${JSON.stringify(key)}: ${asked}${told}`
}
