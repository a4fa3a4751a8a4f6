/**
 * Picks every nondeterministic step of a simulation; by seed here, so that the same seed gives the same run. Who chooses
 * says what for, so that a script (`script.ts`) can play single choices again and leave others out.
 */
import { Xoshiro } from '../parts/xoshiro.ts'
import type { Random } from '../seams.ts'

export interface Chooser extends Random {
  /** True with this probability. */
  chance(probability: number): boolean
  /** A number in [least, most). */
  between(least: number, most: number): number
  /** One of the items, of which there must be some. */
  pick<T>(items: readonly T[]): T
  /** The items in random order. */
  shuffle<T>(items: readonly T[]): T[]
  /** Tells it the time: a script tells choices of one purpose apart by when they were made. */
  follow(now: () => number): void
  /** The chooser for one purpose, such as a link. */
  of(purpose: string): Chooser
  /** The chooser for a step that a script may leave out, such as the third strike; null when it does. */
  step(kind: string, number: number): Chooser | null
  /** The number of the last step of a kind that is going to happen, as far as that is known. */
  last(kind: string): number
  /** What came about without a choice, such as a time; in a script, what it was when the script was recorded. */
  recall(fact: number): number
  /**
   * A node's own numbers. A script never calms them: equal election timeouts would be a fault that nobody has.
   */
  own(purpose: string): Random
}

/** A chooser without a script: one for all purposes, which leaves nothing out. */
export abstract class Unscripted implements Chooser {
  abstract below(bound: number): number
  abstract chance(probability: number): boolean
  abstract between(least: number, most: number): number
  abstract pick<T>(items: readonly T[]): T
  abstract shuffle<T>(items: readonly T[]): T[]

  follow(): void {}

  of(): Chooser {
    return this
  }

  step(): Chooser {
    return this
  }

  last(): number {
    return Number.POSITIVE_INFINITY
  }

  recall(fact: number): number {
    return fact
  }

  own(): Random {
    return this
  }
}

export class SeededChooser extends Unscripted {
  readonly #random: Xoshiro

  constructor(seed: number) {
    super()
    this.#random = new Xoshiro(seed)
  }

  below(bound: number): number {
    return this.#random.below(bound)
  }

  chance(probability: number): boolean {
    return this.#random.next() < probability * 2 ** 32
  }

  between(least: number, most: number): number {
    return least + (this.#random.next() / 2 ** 32) * (most - least)
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!
  }

  shuffle<T>(items: readonly T[]): T[] {
    const shuffled = [...items]
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = this.below(i + 1)
      const item = shuffled[i]!
      shuffled[i] = shuffled[j]!
      shuffled[j] = item
    }
    return shuffled
  }
}
