/** The faults of a run: which were drawn, which last at the moment, and which landed while operations were in flight. */
import type { Arena, Nemesis } from './arena.ts'
import type { RunTrace } from './trace.ts'

interface Strike {
  readonly nemesis: Nemesis
  readonly undo: () => void
  /** How many operations had begun, and whether some were in flight, when it struck. */
  readonly begun: number
  readonly inFlight: boolean
}

export class Strikes {
  readonly drawn: readonly Nemesis[]
  /** How often each fault struck with operations in flight while it lasted. */
  readonly landed: Record<string, number> = {}
  /** The faults that could have struck until the last moment, and never did. */
  missed: readonly string[] = []
  readonly #arena: Arena
  readonly #trace: RunTrace | null
  #lasting: Strike[] = []
  #attempts = 0

  constructor(arena: Arena, drawn: readonly Nemesis[], trace: RunTrace | null) {
    this.#arena = arena
    this.#trace = trace
    this.drawn = drawn
  }

  /** Strikes; false when that is not possible now, or when a script leaves it out. */
  strike(chosen: Nemesis): boolean {
    const { clients, world } = this.#arena
    const { begun } = clients
    const inFlight = clients.pending > 0
    const chooser = world.chooser.step('strike', this.#attempts++)
    if (!chooser) return false
    // Which faults are due depends on those before it, of which a script may have left some out.
    const nemesis = this.drawn[chooser.recall(this.drawn.indexOf(chosen))] ?? chosen
    const undo = nemesis.strike({ ...this.#arena, chooser })
    if (!undo) return false
    this.#trace?.struck(nemesis.name)
    this.#lasting.push({ nemesis, undo, begun, inFlight })
    return true
  }

  /** Undoes all that was struck, and counts what landed. */
  heal(): void {
    const lasting = this.#lasting
    this.#lasting = []
    for (const { nemesis, undo, begun, inFlight } of lasting) {
      undo()
      if (!inFlight && this.#arena.clients.begun === begun) continue
      this.landed[nemesis.name] = (this.landed[nemesis.name] ?? 0) + 1
    }
    if (lasting.length > 0) this.#trace?.healed()
  }

  /** Whether a script has no more strikes. */
  get exhausted(): boolean {
    return this.#attempts > this.#arena.world.chooser.last('strike')
  }

  /** Undoes all for good. */
  end(): void {
    this.heal()
    this.missed = this.due.map(({ name }) => name)
  }

  /** The faults that were drawn, can strike in this run, and have not landed. */
  get due(): Nemesis[] {
    return this.drawn.filter(
      (nemesis) =>
        !this.landed[nemesis.name] &&
        !this.#lasting.some((strike) => strike.nemesis === nemesis) &&
        (nemesis.applies?.(this.#arena) ?? true),
    )
  }
}
