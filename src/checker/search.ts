/**
 * The general judge of one key: it looks for a linearization, depth first, and remembers where it has been.
 *
 *     call order   ├──a──┤     ├────d────┤       front = the first return whose operation is not linearized.
 *                     ├────b────┤    ├──e──┤     Candidates are the operations called before it that are not
 *                  ├──────c──────┤               linearized: with a done, b, c and d, but not e.
 *                               ^ front
 *
 * Whatever returned before the front is linearized and whatever was called behind it is not, so a configuration is the
 * front, the state, and one bit per operation in flight. Bits are slots that operations in flight share in turn, so a
 * configuration is as small as the concurrency, not as long as the history. Open operations keep theirs for ever.
 *
 * Wing and Gong, Testing and verifying concurrent objects (JPDC 1993): the search. Lowe, Testing for linearizability
 * (CCPE 2017): never entering a configuration twice. Horn and Kroening, Faster linearizability checking via
 * P-compositionality (FORTE 2015): one search per key, bit sets.
 *
 * Four prunings of our own, each of which keeps at least one linearization of every prefix that has one:
 * - An operation that only observes and is possible now is linearized now, without branching. It changes no state, so
 *   moving it forward from wherever a linearization has it leaves all others possible.
 * - Of candidates of one kind only the first to return is tried. Where a linearization takes the other first, the two
 *   can be exchanged: both were called before the front, and the one that goes back returns later. An operation that
 *   may never happen counts as returning last.
 * - An open operation that would change nothing is not tried: that is the same as never.
 * - A configuration is not entered if one was that differs only in having used up fewer open operations. Any way from
 *   here to the end is a way from there, no longer than this one. So of all configurations entered that have a way to
 *   the end, the one with the shortest was left by its first step to one with a shorter way yet, or to one that was
 *   refused for such a one: there is none such. Open operations are therefore tried last.
 */
import type { Budget, Limit } from './budget.ts'
import { ConfigurationCache } from './cache.ts'
import { slots, twins } from './flight.ts'
import type { Judgement } from './judgement.ts'
import type { Model } from './model.ts'
import type { Value } from './operation.ts'
import { NEVER, type Timeline } from './timeline.ts'

/** Where the search stood before it took `candidate`. */
interface Frame {
  readonly candidate: number
  readonly depth: number
  readonly front: number
  readonly state: number
}

/**
 * Judges one key by search.
 * @param initial the key's state before the first operation
 * @param budget every operation tried takes one step
 * @param steps further limit of this search alone
 */
export function search(line: Timeline, model: Model, initial: Value, budget: Budget, steps = Infinity): Judgement {
  return new Search(line, model, initial).run(budget, steps)
}

class Search {
  readonly #line: Timeline
  readonly #model: Model
  /** The states met so far, numbered. */
  readonly #states: Value[] = []
  readonly #numbers = new Map<Value, number>()
  readonly #observes: Uint8Array
  /** The operation of the same kind that returns next before this one, or −1. */
  readonly #twin: Int32Array
  readonly #slot: Int32Array
  /** Operations not yet linearized, by call: a doubly linked list whose head is the index behind the last. */
  readonly #next: Int32Array
  readonly #previous: Int32Array
  readonly #linearized: Uint8Array
  readonly #order: Int32Array
  readonly #bits: Int32Array
  /** How many words at the end of `#bits` belong to open operations. */
  readonly #openWords: number
  readonly #frames: Frame[] = []
  /** The bit sets of the frames, one after the other. */
  #saved = new Int32Array(64)
  #depth = 0
  #front = 0
  #state: number
  /** The rank of the front's return. */
  #horizon = 0
  /** The furthest front met, and the longest order there; its first `#shared` entries are those of `#order`. */
  #bestFront = -1
  #bestDepth = 0
  #shared = 0
  readonly #best: Int32Array

  constructor(line: Timeline, model: Model, initial: Value) {
    this.#line = line
    this.#model = model
    const n = line.operations.length
    this.#observes = Uint8Array.from(line.operations, (o) => (model.observes(o) ? 1 : 0))
    this.#twin = twins(line, model)
    const { slot, ended, open } = slots(line)
    this.#slot = slot
    this.#openWords = (open + 31) >>> 5
    this.#bits = new Int32Array(((ended + 31) >>> 5) + this.#openWords)
    this.#next = Int32Array.from({ length: n + 1 }, (_, i) => (i === n ? 0 : i + 1))
    this.#previous = Int32Array.from({ length: n + 1 }, (_, i) => (i === 0 ? n : i - 1))
    this.#linearized = new Uint8Array(n)
    this.#order = new Int32Array(n)
    this.#best = new Int32Array(n)
    this.#state = this.#number(initial)
  }

  run(budget: Budget, steps: number): Judgement {
    const cache = new ConfigurationCache(this.#bits.length, this.#openWords)
    const head = this.#line.operations.length
    this.#settle()
    for (let cursor = this.#next[head]!, open = false, taken = 0; ; ) {
      if (this.#front === this.#line.byReturn.length) {
        return { verdict: 'linearizable', order: this.#order.slice(0, this.#depth) }
      }
      const candidate = this.#candidate(cursor, open)
      if (candidate === head && !open) {
        open = true
        cursor = this.#next[head]!
        continue
      }
      if (candidate === head) {
        this.#remember()
        const frame = this.#frames.pop()
        if (!frame) return this.#refutation()
        this.#undo(frame)
        cursor = this.#next[frame.candidate]!
        open = this.#line.end[frame.candidate] === NEVER
        continue
      }
      const limit = this.#limit(budget, ++taken > steps, cache.size)
      if (limit) return { verdict: 'unknown', limit }
      if (this.#take(candidate)) {
        if (cache.add(this.#front, this.#state, this.#bits)) {
          cursor = this.#next[head]!
          open = false
          continue
        }
        this.#undo(this.#frames.pop()!)
      }
      cursor = this.#next[candidate]!
    }
  }

  #limit(budget: Budget, spent: boolean, entries: number): Limit | undefined {
    if (spent) return 'steps'
    return entries >= budget.cacheEntries ? 'cacheEntries' : budget.step()
  }

  /** The first operation from `p` on to branch on, of the open ones or of the others, or the list's head. */
  #candidate(p: number, open: boolean): number {
    const head = this.#line.operations.length
    const { call, end } = this.#line
    for (; p !== head; p = this.#next[p]!) {
      if (call[p]! > this.#horizon) return head
      if ((end[p] === NEVER) === open && this.#observes[p] === 0 && !this.#hasTwin(p)) return p
    }
    return head
  }

  /** Whether a candidate of the same kind returns before `p`. */
  #hasTwin(p: number): boolean {
    for (let twin = this.#twin[p]!; twin >= 0 && this.#linearized[twin] === 0; twin = this.#twin[twin]!) {
      if (this.#line.call[twin]! < this.#horizon) return true
    }
    return false
  }

  /** Linearizes a candidate and what follows of itself; false, with nothing done, if it is not possible. */
  #take(candidate: number): boolean {
    const before = this.#states[this.#state]!
    const after = this.#model.step(before, this.#line.operations[candidate]!)
    if (after === undefined) return false
    if (after === before && this.#line.end[candidate] === NEVER) return false
    this.#save()
    this.#frames.push({ candidate, depth: this.#depth, front: this.#front, state: this.#state })
    this.#place(candidate)
    this.#state = this.#number(after)
    this.#settle()
    return true
  }

  /** Moves the front as far as it goes and linearizes every observation that is possible. */
  #settle(): void {
    const { byReturn, call, end, operations } = this.#line
    const head = operations.length
    const state = this.#states[this.#state]!
    for (;;) {
      while (this.#front < byReturn.length && this.#linearized[byReturn[this.#front]!] === 1) {
        this.#clear(this.#slot[byReturn[this.#front++]!]!)
      }
      this.#horizon = this.#front < byReturn.length ? end[byReturn[this.#front]!]! : NEVER
      if (this.#front === byReturn.length) return
      for (let p = this.#next[head]!; p !== head && call[p]! < this.#horizon; p = this.#next[p]!) {
        if (this.#observes[p] === 1 && this.#model.step(state, operations[p]!) !== undefined) this.#place(p)
      }
      if (this.#linearized[byReturn[this.#front]!] === 0) return
    }
  }

  #place(p: number): void {
    this.#linearized[p] = 1
    this.#order[this.#depth++] = p
    this.#next[this.#previous[p]!] = this.#next[p]!
    this.#previous[this.#next[p]!] = this.#previous[p]!
    const slot = this.#slot[p]!
    this.#bits[slot >>> 5]! |= 1 << (slot & 31)
  }

  #clear(slot: number): void {
    this.#bits[slot >>> 5]! &= ~(1 << (slot & 31))
  }

  #save(): void {
    const words = this.#bits.length
    const at = this.#frames.length * words
    if (at + words > this.#saved.length) {
      const saved = new Int32Array(2 * (at + words))
      saved.set(this.#saved)
      this.#saved = saved
    }
    this.#saved.set(this.#bits, at)
  }

  /** Goes back to where `frame`, just popped, was pushed. */
  #undo(frame: Frame): void {
    while (this.#depth > frame.depth) {
      const p = this.#order[--this.#depth]!
      this.#linearized[p] = 0
      this.#next[this.#previous[p]!] = p
      this.#previous[this.#next[p]!] = p
    }
    this.#shared = Math.min(this.#shared, this.#depth)
    this.#front = frame.front
    this.#horizon = this.#line.end[this.#line.byReturn[frame.front]!]!
    this.#state = frame.state
    const words = this.#bits.length
    const at = this.#frames.length * words
    for (let i = 0; i < words; i++) this.#bits[i] = this.#saved[at + i]!
  }

  /** Keeps the present order if none went further. Only what differs from the last one kept is copied. */
  #remember(): void {
    if (this.#front < this.#bestFront) return
    if (this.#front === this.#bestFront && this.#depth <= this.#bestDepth) return
    for (let i = this.#shared; i < this.#depth; i++) this.#best[i] = this.#order[i]!
    this.#shared = this.#bestDepth = this.#depth
    this.#bestFront = this.#front
  }

  #refutation(): Judgement {
    const blocked = this.#line.byReturn[this.#bestFront]!
    return { verdict: 'not linearizable', blocked, order: this.#best.slice(0, this.#bestDepth) }
  }

  #number(state: Value): number {
    let number = this.#numbers.get(state)
    if (number === undefined) {
      number = this.#states.push(state) - 1
      this.#numbers.set(state, number)
    }
    return number
  }
}
