/** What a protocol is known not to do: tests by name, with the reason that the summary shows. */

export interface Gap {
  /** Why, in one sentence. */
  readonly reason: string
  /** Names of tests: one whole, or a row with all its layouts and kinds of storage, or the beginning up to a colon. */
  readonly tests: readonly string[]
}

export class Gaps {
  readonly #gaps: readonly Gap[]
  /** How many tests each name has taken out. */
  readonly #taken = new Map<string, number>()

  constructor(gaps: readonly Gap[]) {
    this.#gaps = gaps
    for (const { tests } of gaps) for (const name of tests) this.#taken.set(name, 0)
  }

  /** Why a test is skipped, or null. */
  reasonFor(test: string): string | null {
    for (const { reason, tests } of this.#gaps) {
      for (const name of tests) {
        if (test !== name && !test.startsWith(`${name}, `) && !test.startsWith(`${name}: `)) continue
        this.#taken.set(name, this.#taken.get(name)! + 1)
        return reason
      }
    }
    return null
  }

  /** Names that no test has, or that are named twice. */
  get unknown(): string[] {
    return [...this.#taken].filter(([, count]) => count === 0).map(([name]) => name)
  }

  /** One line for each gap. */
  get lines(): string[] {
    return this.#gaps.map(({ reason, tests }) => {
      const count = tests.reduce((sum, name) => sum + this.#taken.get(name)!, 0)
      return `skips ${count} tests (${tests.join('; ')}): ${reason}`
    })
  }
}
