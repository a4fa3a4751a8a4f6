/** Picks every nondeterministic step of a simulation; by seed here, so that the same seed gives the same run. */
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
}

export class SeededChooser implements Chooser {
  readonly #random: Xoshiro

  constructor(seed: number) {
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
