/**
 * A client's session: each of its writes is executed once, however often it is tried and through whichever node. Writes
 * may be under way side by side, up to the window that the cluster keeps: 1,024, or fewer while their answers, which are the
 * values before, take 8 MiB. Those beyond it wait for their turn, as long as their time allows.
 */
import type { Answered, Attempts, Place } from './attempts.ts'
import { failure } from './outcomes.ts'
import { Window } from './window.ts'
import { type CallOptions, type Write, Writes } from './writes.ts'

/** See the file's head. Opened by `KeyValueClient.openSession`. With code `expired` it is forgotten: open another one. */
export class Session extends Writes {
  /** The cluster's name for it. */
  readonly id: string
  readonly #attempts: Attempts
  readonly #window = new Window()

  constructor(id: string, attempts: Attempts) {
    super()
    this.id = id
    this.#attempts = attempts
  }

  /** All sequences up to here have ended: the cluster may forget their answers. */
  get acknowledged(): number {
    return this.#window.acknowledged
  }

  protected override async send(write: Write, { timeoutMs }: CallOptions): Promise<Answered> {
    const deadline = this.#attempts.deadline(timeoutMs)
    // At once if it may: what was asked for before the client is closed is under way then.
    const sequence = this.#window.begin() ?? (await this.#window.next(deadline))
    if (sequence === null) {
      const reason = `the session's window was full for ${Math.round(deadline.withinMs)} ms; nothing was sent`
      throw failure(false, 'overloaded', reason)
    }
    try {
      return await this.#attempts.run({ ...write, repeatable: true, place: this.#place(sequence) }, deadline)
    } finally {
      // Also one that was given up: it is not tried again, and an attempt that arrives later is refused.
      this.#window.end(sequence)
    }
  }

  #place(sequence: number): Place {
    return {
      // The mark as it is now: what a retry needs may be the room that it makes.
      headers: () => ['Session', this.id, 'Seq', String(sequence), 'Acked', String(this.acknowledged)],
      onFailure: (code) => {
        if (code === 'overloaded') this.#window.narrow(sequence)
      },
      again: async (deadline) => (await this.#window.again(sequence, deadline)) !== null,
    }
  }
}
