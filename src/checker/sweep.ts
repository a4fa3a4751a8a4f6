/**
 * The thorough judge of one key: like `search.ts` it looks for a linearization, but breadth first. It goes from return
 * to return and keeps all configurations that can be reached there, which is Lowe's just-in-time linearization (Testing
 * for linearizability, CCPE 2017, §5). The depth-first search is fast where a linearization exists; this one refutes
 * histories with many open operations, where the other enters a configuration again and again, each time with fewer
 * open operations used up. Here those with the fewest come first, so each is entered at its best, and only a smallest
 * set of configurations passes each return.
 *
 * Configurations and prunings are those of `search.ts`, where they are proved. That proof speaks of a single prefix at
 * a time and of no order of the search, so it holds here too: the first return that nothing passes is the evidence.
 */
import type { Budget } from './budget.ts'
import { ConfigurationCache } from './cache.ts'
import { slots, twins } from './flight.ts'
import type { Judgement } from './judgement.ts'
import type { Model } from './model.ts'
import type { Value } from './operation.ts'
import { NEVER, type Timeline } from './timeline.ts'

/** The operations linearized so far, the last one first; configurations share what they have in common. */
interface Trail {
  readonly operation: number
  readonly before: Trail | null
  readonly length: number
}

interface Configuration {
  readonly state: Value
  /** The operations in flight that are linearized. */
  readonly bits: Int32Array
  /** How many open operations are used up. */
  readonly used: number
  trail: Trail | null
}

/**
 * Judges one key by a sweep.
 * @param initial the key's state before the first operation
 * @param budget every operation tried takes one step; its cache entries limit the configurations at one return
 */
export function sweep(line: Timeline, model: Model, initial: Value, budget: Budget): Judgement {
  return new Sweep(line, model).run(initial, budget)
}

class Sweep {
  readonly #line: Timeline
  readonly #model: Model
  readonly #observes: Uint8Array
  readonly #twin: Int32Array
  readonly #slot: Int32Array
  readonly #words: number
  readonly #openWords: number
  readonly #numbers = new Map<Value, number>()
  /** Operations called before the present return that had not returned before it. */
  #flying: number[] = []
  #called = 0
  /** The rank of the present return, and its operation. */
  #horizon = 0
  #front = 0
  /** The longest trail at the present return. */
  #longest: Trail | null = null

  constructor(line: Timeline, model: Model) {
    this.#line = line
    this.#model = model
    this.#observes = Uint8Array.from(line.operations, (o) => (model.observes(o) ? 1 : 0))
    this.#twin = twins(line, model)
    const { slot, ended, open } = slots(line)
    this.#slot = slot
    this.#openWords = (open + 31) >>> 5
    this.#words = ((ended + 31) >>> 5) + this.#openWords
  }

  run(initial: Value, budget: Budget): Judgement {
    const { byReturn } = this.#line
    let level: Configuration[] = [{ state: initial, bits: new Int32Array(this.#words), used: 0, trail: null }]
    for (const front of byReturn) {
      this.#reach(front)
      const passed = this.#pass(level, budget)
      if (!Array.isArray(passed)) return passed
      if (passed.length === 0) return { verdict: 'not linearizable', blocked: front, order: unwind(this.#longest) }
      for (const { bits } of passed) clear(bits, this.#slot[front]!)
      level = passed
    }
    return { verdict: 'linearizable', order: unwind(level[0]!.trail) }
  }

  /** Goes on to the return of `front`. */
  #reach(front: number): void {
    const { call, end } = this.#line
    const last = this.#front
    this.#front = front
    this.#horizon = end[front]!
    this.#longest = null
    this.#flying = this.#flying.filter((p) => p !== last)
    while (this.#called < call.length && call[this.#called]! < this.#horizon) this.#flying.push(this.#called++)
  }

  /** All configurations in which the present return's operation is linearized, reached from `level`. */
  #pass(level: readonly Configuration[], budget: Budget): Configuration[] | Judgement {
    const passed: Configuration[] = []
    const waiting: Configuration[][] = []
    const seen = new ConfigurationCache(this.#words, this.#openWords)
    let held = 0
    const settle = (configuration: Configuration) => {
      held++
      this.#observe(configuration)
      if (has(configuration.bits, this.#slot[this.#front]!)) passed.push(configuration)
      else (waiting[configuration.used] ??= []).push(configuration)
    }
    level.forEach(settle)
    for (let used = 0; used < waiting.length; used++) {
      const bucket = waiting[used] ?? []
      for (let from = bucket.pop(); from; from = bucket.pop()) {
        held--
        if (!seen.add(0, this.#number(from.state), from.bits)) continue
        if (from.trail && from.trail.length > (this.#longest?.length ?? 0)) this.#longest = from.trail
        for (const p of this.#flying) {
          if (this.#observes[p] === 1 || has(from.bits, this.#slot[p]!) || this.#hasTwin(p, from.bits)) continue
          const limit = seen.size + held >= budget.cacheEntries ? 'cacheEntries' : budget.step()
          if (limit) return { verdict: 'unknown', limit }
          const to = this.#take(p, from)
          if (to) settle(to)
        }
      }
    }
    return this.#smallest(passed)
  }

  /** Of configurations, those that no other one can stand for. */
  #smallest(passed: Configuration[]): Configuration[] {
    const seen = new ConfigurationCache(this.#words, this.#openWords)
    passed.sort((a, b) => a.used - b.used)
    return passed.filter(({ state, bits }) => seen.add(0, this.#number(state), bits))
  }

  /** Linearizes every observation that is possible. */
  #observe(configuration: Configuration): void {
    const { state, bits } = configuration
    for (const p of this.#flying) {
      if (this.#observes[p] === 0 || has(bits, this.#slot[p]!)) continue
      if (this.#model.step(state, this.#line.operations[p]!) === undefined) continue
      set(bits, this.#slot[p]!)
      configuration.trail = follow(configuration.trail, p)
    }
  }

  /** What follows when `p` is linearized, or undefined if it cannot be or would change nothing. */
  #take(p: number, { state, bits, used, trail }: Configuration): Configuration | undefined {
    const open = this.#line.end[p] === NEVER
    const next = this.#model.step(state, this.#line.operations[p]!)
    if (next === undefined || (open && next === state)) return undefined
    const after = bits.slice()
    set(after, this.#slot[p]!)
    return { state: next, bits: after, used: open ? used + 1 : used, trail: follow(trail, p) }
  }

  /** Whether an operation of the same kind that returns before `p` could be linearized instead. */
  #hasTwin(p: number, bits: Int32Array): boolean {
    const { call, end } = this.#line
    for (let twin = this.#twin[p]!; twin >= 0 && end[twin]! >= this.#horizon; twin = this.#twin[twin]!) {
      if (call[twin]! > this.#horizon) continue
      return !has(bits, this.#slot[twin]!)
    }
    return false
  }

  #number(state: Value): number {
    let number = this.#numbers.get(state)
    if (number === undefined) this.#numbers.set(state, (number = this.#numbers.size))
    return number
  }
}

function follow(before: Trail | null, operation: number): Trail {
  return { operation, before, length: (before?.length ?? 0) + 1 }
}

function unwind(trail: Trail | null): Int32Array {
  const order = new Int32Array(trail?.length ?? 0)
  for (let at = trail; at; at = at.before) order[at.length - 1] = at.operation
  return order
}

function has(bits: Int32Array, slot: number): boolean {
  return ((bits[slot >>> 5]! >>> (slot & 31)) & 1) === 1
}

function set(bits: Int32Array, slot: number): void {
  bits[slot >>> 5]! |= 1 << (slot & 31)
}

function clear(bits: Int32Array, slot: number): void {
  bits[slot >>> 5]! &= ~(1 << (slot & 31))
}
