/** The clients of a golden scenario: they write the values that the file names, and their history is judged. */
import type { Operation } from '../../src/checker/index.ts'
import { get, put } from '../../src/command.ts'
import type { Replica } from '../../src/replica.ts'
import type { Outcome, ReadMode } from '../../src/request.ts'
import { bytesText, commandText } from '../../src/sim/format.ts'
import type { Scenario } from '../../src/sim/scenario.ts'
import { writeOf } from '../../src/sim/writes.ts'
import type { Trace } from './trace.ts'

/** An operation, and how to end it. */
interface Open {
  readonly end: (outcome: Outcome | null) => void
}

export class Clients {
  readonly #scenario: Scenario<Replica>
  readonly #trace: Trace
  readonly #open = new Set<Open>()
  readonly #written = new Set<string>()
  #moment = 0

  constructor(scenario: Scenario<Replica>, trace: Trace) {
    this.#scenario = scenario
    this.#trace = trace
  }

  /** Whether operations wait for their answers. */
  get waiting(): boolean {
    return this.#open.size > 0
  }

  /**
   * Sends a write, or a read where `value` is null, to a node. A read of `any` may be stale, and is not judged.
   * @throws Error for a value written twice: the judges tell writes apart by their values
   */
  send(name: string, key: string, value: string | null, read: ReadMode = ''): void {
    if (value !== null && this.#written.has(value)) throw new Error(`${value} is written twice; each value only once`)
    if (value !== null) this.#written.add(value)
    const { history, keys, issued } = this.#scenario.clients
    keys.add(key)
    if (value !== null) issued.add(writeOf(key, value))
    const process = this.#scenario.process(name)
    const command = value === null ? get(key) : put(key, new TextEncoder().encode(value))
    const call = ++this.#moment
    const open: Open = {
      end: (outcome) => {
        if (!this.#open.delete(open)) return
        this.#trace.look(process)
        const asked = `${commandText(command)}${read && ` (${read})`}`
        this.#trace.note(`${name} answers ${asked}: ${answerText(outcome, value === null)}`)
        if (read !== 'any') history.push(this.#operation(key, value, call, outcome))
      },
    }
    this.#open.add(open)
    const { node, life } = process
    if (node && !process.paused) {
      // A client whose node dies never learns what became of its request.
      process.onCrash.push((ended) => ended === life && open.end(null))
      node.submit(command, read, open.end)
    } else {
      open.end({ ok: false, code: 'unavailable', reason: 'no connection' })
    }
  }

  /** Gives up: what has no answer yet may or may not happen. */
  close(): void {
    for (const open of [...this.#open]) open.end(null)
  }

  /** An operation of a client of its own, as the judges want it. */
  #operation(key: string, value: string | null, call: number, outcome: Outcome | null): Operation {
    const unknown = outcome === null || (!outcome.ok && outcome.code === 'unknown')
    const ok = outcome?.ok === true
    const read = ok && outcome.result.value ? new TextDecoder().decode(outcome.result.value) : null
    return {
      client: `${call}`,
      key,
      op: value === null ? 'get' : 'put',
      input: value,
      output: value === null && ok ? read : undefined,
      call,
      return: unknown ? Number.POSITIVE_INFINITY : ++this.#moment,
      outcome: ok ? 'ok' : unknown ? 'unknown' : 'failed',
    }
  }
}

function answerText(outcome: Outcome | null, read: boolean): string {
  if (outcome === null) return 'nothing, so it may have been applied'
  if (!outcome.ok) return `${outcome.code} (${outcome.reason})`
  if (!read) return 'done'
  return outcome.result.value ? bytesText(outcome.result.value) : 'nothing there'
}
