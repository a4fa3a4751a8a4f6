/**
 * The chance that one node meets while all that can happen is explored: waiting times never differ, so that they do not
 * tell equal states apart; numbers that name something never repeat.
 */
import { Xoshiro } from '../../parts/xoshiro.ts'
import { Unscripted } from '../chooser.ts'

/** Draws above this name something: a memory, a life, a challenge. */
const NAMES = 2 ** 20

export class Steady extends Unscripted {
  readonly #names: Xoshiro
  readonly #node: number

  /** @param node its member number: nodes wait differently long */
  constructor(node: number) {
    super()
    this.#node = node
    this.#names = new Xoshiro(node + 1)
  }

  below(bound: number): number {
    return bound > NAMES ? this.#names.below(bound) : Math.floor((bound * this.#node) / (this.#node + 1))
  }

  chance(): boolean {
    return false
  }

  between(least: number): number {
    return least
  }

  pick<T>(items: readonly T[]): T {
    return items[0]!
  }

  shuffle<T>(items: readonly T[]): T[] {
    return [...items]
  }
}
