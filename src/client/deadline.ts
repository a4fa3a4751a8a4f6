/** How long a client waits: the times that callers give, checked in one place, and the moment that comes of one. */
import { SynodError } from '../errors.ts'

/** The longest that a timer of Node waits, almost 25 days; told to wait longer it does not wait at all. */
const LONGEST_MS = 2 ** 31 - 1

/** A time as a caller gave it. @throws SynodError `config` when no timer can wait so long */
export function milliseconds(name: string, value: number): number {
  if (typeof value === 'number' && value > 0 && value <= LONGEST_MS) return value
  throw new SynodError('config', `${name} must be above 0 and at most ${LONGEST_MS} ms, not ${String(value)}`)
}

/** The moment at which a request is given up, whatever it waits for. */
export class Deadline {
  /** How long the request may take. */
  readonly withinMs: number
  readonly #at: number

  constructor(withinMs: number) {
    this.withinMs = withinMs
    this.#at = performance.now() + withinMs
  }

  /** How long it is until then; below 0 when it is over. */
  get leftMs(): number {
    return this.#at - performance.now()
  }
}
