/** Holds the simulator's invariants against one path of the exploration after another. */
import type { Operation } from '../../checker/index.ts'
import type { Arena, Invariant } from '../arena.ts'
import type { Testimony } from '../clients.ts'
import { invariants } from '../invariants/index.ts'
import type { Process } from '../process.ts'
import { writeOf } from '../writes.ts'
import { NODE_OPTIONS, type Stage } from './actor.ts'
import type { Event } from './state.ts'

/** One step of a path: which process did something, if any, and what clients have seen since the beginning. */
export interface Footprint {
  readonly process: Process | null
  readonly events: readonly Event[]
}

/** What is violated. */
export interface Fault {
  readonly invariant: string
  readonly message: string
}

const decoder = new TextDecoder()

export class Judge {
  readonly #stage: Stage
  readonly #keys: ReadonlySet<string>
  /** The path that the invariants have seen so far. */
  #seen: Footprint[] = []
  #invariants: Invariant[] = invariants()

  constructor(stage: Stage) {
    this.#stage = stage
    this.#keys = new Set(stage.tasks.map(({ key }) => key))
  }

  /** Looks at the last step of a path whose other steps were looked at before, on this path or on others. */
  look(path: readonly Footprint[]): Fault | null {
    const known = this.#seen.length === path.length - 1 && this.#seen.at(-1) === path.at(-2)
    if (!known) {
      // Invariants remember what they have seen, so on another path they begin anew.
      this.#invariants = invariants()
      this.#seen = []
    }
    for (const footprint of path.slice(this.#seen.length)) {
      this.#seen.push(footprint)
      const arena = this.#arena(footprint)
      for (const { name, afterStep } of this.#invariants) {
        const message = afterStep?.(arena)
        if (message) return { invariant: name, message }
      }
    }
    return this.#judge(path.at(-1)!)
  }

  /** Once a client was answered: what all of them have seen so far must be a history that can be. */
  #judge(last: Footprint): Fault | null {
    const news = last.events.at(-1)
    if (!news || !('answered' in news)) return null
    const arena = this.#arena(last)
    for (const { name, atEnd } of this.#invariants) {
      const message = atEnd?.(arena)
      if (message) return { invariant: name, message }
    }
    return null
  }

  #arena({ process, events }: Footprint): Arena {
    const history = this.#history(events)
    const acknowledged = events.flatMap((event) => {
      if (!('answered' in event) || !event.answered.outcome?.ok) return []
      const { task, outcome } = event.answered
      const { key, value } = this.#stage.tasks[task]!
      const read = outcome.result.value === null ? null : decoder.decode(outcome.result.value)
      const { position, result } = outcome
      return [
        { key, version: result.version, position, ...(value === null ? { value: read } : { value, previous: read }) },
      ]
    })
    const writes = history.filter(({ op }) => op === 'put')
    const clients: Testimony = {
      history,
      acknowledged,
      glimpses: [],
      keys: this.#keys,
      sessions: null,
      issued: new Set(writes.map(({ input, key }) => writeOf(key, String(input)))),
      refused: new Set(
        writes.filter(({ outcome }) => outcome === 'failed').map(({ input, key }) => writeOf(key, String(input))),
      ),
    }
    const { cluster, protocol, options, durable } = this.#stage
    const processes = process ? [process] : []
    return { cluster, protocol, options, durable, processes, clients, nodeOptions: NODE_OPTIONS } as unknown as Arena
  }

  #history(events: readonly Event[]): Operation[] {
    return this.#stage.tasks.flatMap(({ key, value }, task) => {
      const call = events.findIndex((event) => 'call' in event && event.call === task)
      if (call < 0) return []
      const end = events.findIndex((event) => 'answered' in event && event.answered.task === task)
      const answer = events[end]
      const outcome = answer && 'answered' in answer ? answer.answered.outcome : null
      const ok = outcome?.ok === true
      const unknown = !outcome || (!outcome.ok && outcome.code === 'unknown')
      const read = ok && outcome.result.value ? decoder.decode(outcome.result.value) : null
      const operation: Operation = {
        client: task,
        key,
        op: value === null ? 'get' : 'put',
        input: value,
        output: value === null && ok ? read : undefined,
        call,
        return: unknown ? Number.POSITIVE_INFINITY : end,
        outcome: ok ? 'ok' : unknown ? 'unknown' : 'failed',
      }
      return [operation]
    })
  }
}
