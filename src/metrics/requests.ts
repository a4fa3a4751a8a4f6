/** Counts what became of clients' requests, and how long they took: a wrapper around the node's `submit`. */
import { type Command, Op } from '../command.ts'
import type { RefusalCode } from '../errors.ts'
import type { Effect, Outcome, Properties, ReadMode, SessionRefusal } from '../request.ts'
import { Distribution } from './distribution.ts'

/** Seconds. */
const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

/** An executed command's effect, or the code of a refusal. */
type OutcomeName = Exclude<Effect, SessionRefusal> | RefusalCode

/** Takes a client's request; `respond` is called once with its outcome. */
export type Submit = (
  command: Command,
  read: ReadMode,
  respond: (outcome: Outcome) => void,
  properties: Properties,
) => void

export class Requests {
  readonly outcomes: Record<OutcomeName, number> = {
    done: 0,
    absent: 0,
    mismatch: 0,
    unavailable: 0,
    overloaded: 0,
    unknown: 0,
    unsupported: 0,
    internal: 0,
    expired: 0,
    conflict: 0,
  }
  readonly reads = new Distribution(SECONDS)
  readonly writes = new Distribution(SECONDS)

  /** What to call instead of `submit`. */
  wrap(submit: Submit): Submit {
    return (command, read, respond, properties) => {
      const durations = command.op === Op.get ? this.reads : this.writes
      const begin = performance.now()
      const observe = (outcome: Outcome): void => {
        durations.observe((performance.now() - begin) / 1000)
        this.outcomes[nameOf(outcome)] += 1
        respond(outcome)
      }
      submit(command, read, observe, properties)
    }
  }
}

function nameOf(outcome: Outcome): OutcomeName {
  if (!outcome.ok) return outcome.code
  // Effects that are refusals of sessions never come as results (`outcomeOf`).
  return outcome.result.effect as OutcomeName
}
