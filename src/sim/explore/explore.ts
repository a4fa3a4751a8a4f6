/**
 * Depth-first search through everything that can happen in a small scope: a few commands, in a small cluster, with a
 * bounded number of losses, crashes and timers, and all orders in which their messages can arrive. The nodes are the
 * servers' own. Equal states are visited once.
 */
import { Cluster } from '../../node-id.ts'
import { type Protocol, TIMEOUTS } from '../../replica.ts'
import type { Stage, Task } from './actor.ts'
import { type Fault, type Footprint, Judge } from './judge.ts'
import { Locals } from './locals.ts'
import { type Budget, type Move, Moves, type State } from './state.ts'
import { Story } from './story.ts'
import { Writes } from './writes.ts'

/** What to explore. */
export interface Scope extends Budget {
  readonly protocol: Protocol
  /** How many nodes there are, in one zone. */
  readonly nodes: number
  readonly tasks: readonly Task[]
  readonly durable: boolean
  /** Whether writes between two nodes overtake each other. */
  readonly reorder: boolean
  /** Whether the search starts where the first node has rung once and all that followed from it is done, free of charge. */
  readonly settled: boolean
  /** After so many states it ends, though there are more. */
  readonly limit: number
  /** Called now and then. */
  readonly onProgress?: (progress: Progress) => void
}

export interface Progress {
  /** Different states visited. */
  readonly states: number
  /** The moves that led to them, and to states that were known already. */
  readonly moves: number
  /** The longest path so far. */
  readonly depth: number
}

export interface Exploration extends Progress {
  /** States that nothing can follow. */
  readonly ends: number
  /** States of single nodes, and how often one was made to take a step. */
  readonly locals: number
  readonly executed: number
  /** Whether nothing is left to be seen. */
  readonly exhausted: boolean
  readonly violation: (Fault & { readonly story: readonly string[] }) | null
}

/** How often progress is told, in states. */
const TELL = 10_000

interface Visit {
  readonly state: State
  readonly moves: readonly Move[]
  next: number
}

/** Explores a scope; ends at the first violation, with the path to it. */
export function explore(scope: Scope): Exploration {
  return new Exploring(scope).run()
}

class Exploring {
  readonly #scope: Scope
  readonly #stage: Stage
  readonly #writes = new Writes()
  readonly #locals: Locals
  readonly #moves: Moves
  readonly #judge: Judge
  readonly #known = new Set<string>()
  readonly #visits: Visit[] = []
  readonly #path: Footprint[] = []
  #taken = 0
  #depth = 0
  #ends = 0

  constructor(scope: Scope) {
    const { protocol, tasks, durable, nodes, reorder } = scope
    const cluster = new Cluster(Array.from({ length: nodes }, (_, index) => `1.${index + 1}`))
    this.#scope = scope
    this.#stage = { cluster, protocol, options: protocol.options({}, TIMEOUTS), durable, tasks }
    this.#locals = new Locals(this.#stage, this.#writes)
    this.#moves = new Moves(this.#stage, reorder, this.#locals, this.#writes)
    this.#judge = new Judge(this.#stage)
  }

  run(): Exploration {
    this.#visit(this.#first(), null)
    let fault: Fault | null = null
    while (!fault && this.#known.size < this.#scope.limit) {
      const visit = this.#visits.at(-1)
      if (!visit) break
      const move = visit.moves[visit.next++]
      if (move) fault = this.#visit(this.#moves.take(visit.state, move), move)
      else this.#leave()
    }
    return {
      ...this.#progress(),
      ends: this.#ends,
      locals: this.#locals.size,
      executed: this.#locals.executed,
      exhausted: !fault && this.#visits.length === 0,
      violation: fault && { ...fault, story: this.#story() },
    }
  }

  /** Where the search starts. */
  #first(): State {
    const { losses, crashes, timers, settled } = this.#scope
    const left = { losses, crashes, timers }
    const first = this.#moves.first(left)
    if (!settled) return first
    let state = this.#moves.take(first, { kind: 'timer', node: 0 })
    for (;;) {
      const calm = this.#moves.possible(state).find(({ kind }) => kind === 'deliver' || kind === 'sync')
      if (!calm) return { ...state, left }
      state = this.#moves.take(state, calm)
    }
  }

  /** Goes into a state, unless it is known. */
  #visit(state: State, move: Move | null): Fault | null {
    this.#taken += move ? 1 : 0
    const key = this.#moves.key(state)
    if (this.#known.has(key)) return null
    this.#known.add(key)
    const moves = this.#moves.possible(state)
    if (moves.length === 0) this.#ends += 1
    this.#visits.push({ state, moves, next: 0 })
    this.#depth = Math.max(this.#depth, this.#visits.length - 1)
    const node = move && this.#moves.nodeOf(move)
    const process = node === null ? null : state.locals[node]!.process
    this.#path.push({ process, events: state.events })
    if (this.#known.size % TELL === 0) this.#scope.onProgress?.(this.#progress())
    return this.#judge.look(this.#path)
  }

  #leave(): void {
    this.#visits.pop()
    this.#path.pop()
  }

  #progress(): Progress {
    return { states: this.#known.size, moves: this.#taken, depth: this.#depth }
  }

  /** What led to where the search stands, move by move. */
  #story(): string[] {
    const story = new Story(this.#stage, this.#writes)
    return this.#visits.slice(0, -1).flatMap(({ state, moves, next }, step) => {
      return story.lines(state, moves[next - 1]!, this.#visits[step + 1]!.state)
    })
  }
}
