/** Simulated clients: each does one operation after the other, and all that they saw is the history to be judged. */
import type { Operation } from '../checker/index.ts'
import { get, put } from '../command.ts'
import type { Outcome } from '../request.ts'
import type { Process } from './process.ts'
import type { World } from './world.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** What the clients do. */
export interface Workload {
  readonly clients: number
  readonly keys: number
  /** The share of writes. */
  readonly writes: number
  /** The most milliseconds between an answer and the next operation. */
  readonly think: number
}

/** How operations ended. */
export interface Totals {
  ok: number
  refused: number
  unknown: number
}

export class Clients {
  readonly history: Operation[] = []
  readonly totals: Totals = { ok: 0, refused: 0, unknown: 0 }
  /** The keys that were operated on. */
  readonly keys = new Set<string>()
  /** What was acknowledged: which version of which key, and the value that it was written or read with. */
  readonly acknowledged: { readonly key: string; readonly version: number; readonly value: string | null }[] = []
  /** Operations without an answer so far. */
  pending = 0
  stopped = false
  readonly #world: World
  readonly #processes: readonly Process[]
  readonly #workload: Workload
  #values = 0
  #moment = 0

  constructor(world: World, processes: readonly Process[], workload: Workload) {
    this.#world = world
    this.#processes = processes
    this.#workload = workload
  }

  /** Sets all clients to work until `stopped`. */
  start(): void {
    for (let client = 0; client < this.#workload.clients; client++) this.#think(client)
  }

  /** One operation of its own, such as a last read; `done` tells how it ended. */
  operate(
    client: number,
    process: Process,
    key: string,
    write: boolean,
    done: (outcome: Outcome | null) => void,
  ): void {
    this.keys.add(key)
    const { node, life } = process
    const value = write ? `v${++this.#values}` : null
    const call = ++this.#moment
    this.pending += 1
    let open = true
    const end = (outcome: Outcome | null) => {
      if (!open) return
      open = false
      this.pending -= 1
      this.#record(client, key, value, call, outcome)
      done(outcome)
    }
    if (!node || process.paused) {
      this.pending -= 1
      done({ ok: false, code: 'unavailable', reason: 'no connection' })
      return
    }
    // A client whose node dies loses its connection, and never learns what became of its request.
    process.onCrash.push((ended) => ended === life && end(null))
    const command = value === null ? get(key) : put(key, encoder.encode(value))
    node.submit(command, '', (outcome) => end(outcome))
  }

  #think(client: number): void {
    this.#world.after(this.#world.chooser.between(0.1, this.#workload.think), () => {
      if (this.stopped) return
      const { chooser } = this.#world
      const process = chooser.pick(this.#processes)
      const key = String(chooser.below(this.#workload.keys))
      this.operate(client, process, key, chooser.chance(this.#workload.writes), () => this.#think(client))
    })
  }

  #record(client: number, key: string, value: string | null, call: number, outcome: Outcome | null): void {
    const unknown = outcome === null || (!outcome.ok && outcome.code === 'unknown')
    const ok = outcome?.ok === true
    if (ok) this.totals.ok += 1
    else if (unknown) this.totals.unknown += 1
    else this.totals.refused += 1
    const read = ok && outcome.result.value ? decoder.decode(outcome.result.value) : null
    if (ok) this.acknowledged.push({ key, version: outcome.result.version, value: value ?? read })
    this.history.push({
      client: `${client}`,
      key,
      op: value === null ? 'get' : 'put',
      input: value,
      output: value === null && ok ? read : undefined,
      call,
      return: unknown ? Number.POSITIVE_INFINITY : ++this.#moment,
      outcome: ok ? 'ok' : unknown ? 'unknown' : 'failed',
    })
  }
}
