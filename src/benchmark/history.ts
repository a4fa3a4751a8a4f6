/** The history of a run, kept in columns so that millions of operations fit, and given to the checker as operations. */
import type { Operation, Outcome, Value } from '../checker/operation.ts'
import type { Ended } from './closed-loop.ts'
import type { Values } from './values.ts'

/** How many operations are kept; a longer run cannot be judged. */
export const LONGEST_HISTORY = 5_000_000

const OUTCOMES: readonly Outcome[] = ['ok', 'failed', 'unknown']

/** See the file's head. */
export class HistoryRecorder {
  readonly #values: Values
  readonly #longest: number
  readonly #initial = new Map<number, Value>()
  readonly #keys: number[] = []
  /** What was written or read. */
  readonly #contents: Value[] = []
  /** The outcome's position in `OUTCOMES`, plus 4 for a write. */
  readonly #kinds: number[] = []
  readonly #invokedAt: number[] = []
  readonly #returnedAt: number[] = []
  /** Whether there were more operations than fit. */
  overflowed = false

  /**
   * @param values recognises what this run wrote
   * @param longest how many operations to keep
   */
  constructor(values: Values, longest = LONGEST_HISTORY) {
    this.#values = values
    this.#longest = longest
  }

  /** Takes what a key held before the run. */
  setInitial(key: number, value: Uint8Array): void {
    this.#initial.set(key, this.#valueOf(value))
  }

  /** What a key held before the run; null when absent or never told. */
  initial(key: string): Value {
    return this.#initial.get(Number(key)) ?? null
  }

  /** Takes an operation that has ended. A read without an answer says nothing and is left out. */
  add({ key, write, written, value, invokedAt, returnedAt, ending }: Ended): void {
    if (!write && ending !== 'ok') return
    if (this.#keys.length >= this.#longest) {
      this.overflowed = true
      return
    }
    this.#keys.push(key)
    this.#contents.push(write ? written : this.#valueOf(value))
    this.#kinds.push(OUTCOMES.indexOf(ending) + (write ? 4 : 0))
    this.#invokedAt.push(invokedAt)
    this.#returnedAt.push(returnedAt)
  }

  /** The operations so far, as the checker takes them; each is a client of its own, because only times order them. */
  operations(): Operation[] {
    const names = new Map<number, string>()
    return this.#keys.map((key, client) => {
      let name = names.get(key)
      if (name === undefined) names.set(key, (name = String(key)))
      const kind = this.#kinds[client]!
      const outcome = OUTCOMES[kind & 3]!
      const write = kind >= 4
      const content = this.#contents[client]!
      return {
        client,
        key: name,
        op: write ? 'put' : 'get',
        input: write ? content : null,
        output: write ? undefined : content,
        call: this.#invokedAt[client]!,
        return: outcome === 'unknown' ? Number.POSITIVE_INFINITY : this.#returnedAt[client]!,
        outcome,
      }
    })
  }

  /** A number for a value of this run, null for none, the bytes as a string for anybody else's. */
  #valueOf(value: Uint8Array): Value {
    if (value.length === 0) return null
    return this.#values.decode(value) ?? Buffer.from(value).toString('latin1')
  }
}
