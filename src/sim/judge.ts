/** Judges a run: asks the invariants after each step and at the end, and counts how often leaders change. */
import type { Arena, Invariant } from './arena.ts'
import { invariants } from './invariants/index.ts'
import type { Process } from './process.ts'
import type { RunTrace } from './trace.ts'

/** Thrown by a check inside a run; it ends it. */
export class Violation extends Error {
  readonly invariant: string

  constructor(invariant: string, message: string) {
    super(message)
    this.invariant = invariant
  }
}

/** Ends the run unless the condition holds. */
export function insist(condition: boolean, message: () => string): void {
  if (!condition) throw new Violation('liveness', message())
}

export class Judge {
  /** Whether a node ever led: leaderless protocols have no changes to count. */
  led = false
  leaderChanges = 0
  readonly #arena: Arena
  readonly #trace: RunTrace | null
  /** What a step has touched; its array is filled anew for each step. */
  readonly #touched: Process[] = []
  readonly #view: Arena
  readonly #invariants: readonly Invariant[] = invariants()
  /** The latest leader seen, by the ballot it leads with. */
  #latest = { leader: '', ballot: 0 }

  constructor(arena: Arena, trace: RunTrace | null) {
    this.#arena = arena
    this.#trace = trace
    this.#view = { ...arena, processes: this.#touched }
  }

  afterStep(): void {
    this.#trace?.look()
    // Only what the step has touched can have changed: mostly one process, or none.
    const touched = this.#touched
    touched.length = 0
    for (const process of this.#arena.processes) {
      if (!process.touched) continue
      process.touched = false
      touched.push(process)
    }
    if (touched.length === 0) return
    for (const invariant of this.#invariants) this.#demand(invariant, invariant.afterStep?.(this.#view))
    for (const process of touched) this.#follow(process)
  }

  atEnd(): void {
    this.#trace?.finished()
    for (const invariant of this.#invariants) {
      this.#demand(invariant, invariant.atRest?.(this.#arena))
      this.#demand(invariant, invariant.atEnd?.(this.#arena))
    }
  }

  #demand(invariant: Invariant, message: string | null | undefined): void {
    if (message) throw new Violation(invariant.name, message)
  }

  #follow({ replica, id }: Process): void {
    const status = replica?.status()
    if (status?.leader !== id) return
    this.led = true
    if (status.ballot <= this.#latest.ballot) return
    if (this.#latest.ballot > 0 && this.#latest.leader !== id.name) this.leaderChanges += 1
    this.#latest = { leader: id.name, ballot: status.ballot }
  }
}
