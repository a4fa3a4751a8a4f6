/**
 * Clients whose operations are steps of the chooser: a script tells which of them happen, when, where and on which key,
 * whatever became of those it leaves out.
 */
import { READ_MODES } from '../request.ts'
import type { Chooser } from './chooser.ts'
import { Clients, PLAIN, type Workload } from './clients.ts'
import type { Process } from './process.ts'
import type { RunTrace } from './trace.ts'
import type { World } from './world.ts'

type Arguments = Parameters<Clients['operate']>

export class SteppingClients extends Clients {
  /** Told of operations and their answers. */
  trace: RunTrace | null = null
  readonly #world: World
  readonly #processes: readonly Process[]
  readonly #chooser: Chooser
  /** How many operations each client has begun or left out. */
  readonly #counts: number[]
  readonly #kinds: readonly string[]
  /** Operations whose time has not come. */
  #waiting = 0

  constructor(world: World, processes: readonly Process[], workload: Workload) {
    super(world, processes, workload)
    this.#world = world
    this.#processes = processes
    this.#chooser = world.chooser
    this.#counts = new Array<number>(workload.clients).fill(0)
    this.#kinds = this.#counts.map((_, client) => `operation of client ${client}`)
  }

  /** Whether a script has no more operations. */
  get exhausted(): boolean {
    if (this.pending > 0 || this.#waiting > 0 || this.sessions.size > 0) return false
    return this.#counts.every((count, client) => count > this.#chooser.last(this.#kinds[client]!))
  }

  override operate(...[client, process, key, op, done, read = '']: Arguments): void {
    // The last reads and writes of a run are no client's, and no script leaves them out.
    if (this.#counts[client] === undefined) {
      this.#begin(client, process, key, op, done, read)
      return
    }
    const step = this.#nextStep(client)
    if (step === null) return
    const at = step.recall(this.#world.now)
    const target = this.#processes[step.recall(process.id.index)] ?? process
    const name = String(step.recall(Number(key)))
    const drawn = PLAIN[step.recall(PLAIN.indexOf(op))] ?? op
    const path = READ_MODES[step.recall(READ_MODES.indexOf(read))]
    if (at <= this.#world.now) {
      this.#begin(client, target, name, drawn, done, path)
      return
    }
    this.#waiting += 1
    this.#world.at(at, () => {
      this.#waiting -= 1
      if (!this.stopped) this.#begin(client, target, name, drawn, done, path)
    })
  }

  #begin(...[client, process, key, op, done, read = '']: Arguments): void {
    const { trace } = this
    if (!trace) {
      super.operate(client, process, key, op, done, read)
      return
    }
    const asked = `${op}${read && ` (${read})`} ${key}`
    trace.asked(client, process.id, asked)
    const ended = this.history.length
    const answered: typeof done = (outcome) => {
      // The history knows what was written, if it got there.
      const operation = this.history.length > ended ? this.history.at(-1) : undefined
      const what =
        operation || read === 'any' ? `${asked}${op === 'put' || op === 'empty' ? `=${operation?.input}` : ''}` : ''
      trace.answered(client, process.id, what, outcome, op === 'get')
      done(outcome)
    }
    super.operate(client, process, key, op, answered, read)
  }

  /** The next step of a client that a script does not leave out; null when there is none. */
  #nextStep(client: number): Chooser | null {
    const kind = this.#kinds[client]!
    const last = this.#chooser.last(kind)
    let number = this.#counts[client]!
    let step: Chooser | null = null
    while (step === null && number <= last) step = this.#chooser.step(kind, number++)
    this.#counts[client] = number
    return step
  }
}
