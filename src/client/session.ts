/**
 * A client's session: each of its writes is executed once, however often it is tried and through whichever node. Writes
 * may be under way side by side, up to the window that the cluster keeps.
 */
import type { Answered, Attempts } from './attempts.ts'
import { type CallOptions, type Write, Writes } from './writes.ts'

/** How many sequences above the acknowledged ones the cluster takes. */
const WINDOW = 1024

/** See the file's head. Opened by `KeyValueClient.openSession`. With code `expired` it is forgotten: open another one. */
export class Session extends Writes {
  /** The cluster's name for it. */
  readonly id: string
  readonly #attempts: Attempts
  #last = 0
  /** The sequences under way, in their order. */
  readonly #open = new Set<number>()
  readonly #waiting: (() => void)[] = []

  constructor(id: string, attempts: Attempts) {
    super()
    this.id = id
    this.#attempts = attempts
  }

  /** All sequences up to here have ended: the cluster may forget their answers. */
  get acknowledged(): number {
    const [oldest] = this.#open
    return oldest === undefined ? this.#last : oldest - 1
  }

  protected override async send(write: Write, { timeoutMs }: CallOptions): Promise<Answered> {
    while (this.#last - this.acknowledged >= WINDOW) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    const sequence = ++this.#last
    this.#open.add(sequence)
    const place = ['Session', this.id, 'Seq', String(sequence), 'Acked', String(this.acknowledged)]
    try {
      return await this.#attempts.run({ ...write, headers: [...write.headers, ...place], repeatable: true }, timeoutMs)
    } finally {
      // Also one that was given up: it is not tried again, and an attempt that arrives later is refused.
      this.#open.delete(sequence)
      for (const resume of this.#waiting.splice(0)) resume()
    }
  }
}
