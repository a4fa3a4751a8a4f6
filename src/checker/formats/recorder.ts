/** Makes operations out of events, as Jepsen records them: an invocation, later at most one completion by its process. */
import type { Operation, Outcome, Value } from '../operation.ts'

/** What a process asked. */
interface Invocation {
  readonly key: string
  readonly op: string
  readonly input: Operation['input']
}

/** How it ended. */
interface Completion {
  readonly outcome: Outcome
  readonly output?: Value | boolean | undefined
}

/** The operation in the making: its end is written when it comes. */
type Draft = { -readonly [K in keyof Operation]: Operation[K] }

/** Collects the events of a history in the order of the file. Times are the caller's indices of events. */
export class Recorder {
  /** The operations by call; those without a completion are of unknown outcome. */
  readonly operations: Operation[] = []
  readonly #pending = new Map<string, Draft>()

  /** An earlier operation of the process that has not ended never will: it stays open. */
  invoke(process: string, invocation: Invocation, index: number): void {
    const { key, op, input } = invocation
    const client = Number.isInteger(Number(process)) ? Number(process) : process
    const draft: Draft = {
      client,
      key,
      op,
      input,
      output: undefined,
      call: index,
      return: Infinity,
      outcome: 'unknown',
    }
    this.#pending.set(process, draft)
    this.operations.push(draft)
  }

  /** What the process waits for, if anything. */
  pending(process: string): Operation | undefined {
    return this.#pending.get(process)
  }

  /** Ends what the process waits for, which must be something. */
  complete(process: string, { outcome, output }: Completion, index: number): void {
    const draft = this.#pending.get(process)!
    this.#pending.delete(process)
    draft.outcome = outcome
    draft.output = outcome === 'ok' ? output : undefined
    if (outcome !== 'unknown') draft.return = index
  }
}
