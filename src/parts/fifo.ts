/** A first-in, first-out queue with constant-time ends: an array with a moving head. */

/** Below this many taken slots the array is not compacted. */
const SLACK = 1024

/** A first-in, first-out queue with constant-time ends. It has no bound of its own: whoever fills it keeps one. */
export class Fifo<T> {
  #items: (T | undefined)[] = []
  #head = 0

  /** How many wait. */
  get size(): number {
    return this.#items.length - this.#head
  }

  push(item: T): void {
    this.#items.push(item)
  }

  /** The next item, left in place; undefined when there is none. */
  peek(): T | undefined {
    return this.#items[this.#head]
  }

  /** What waits, in order; it is left there. */
  *[Symbol.iterator](): Generator<T> {
    for (let at = this.#head; at < this.#items.length; at++) yield this.#items[at] as T
  }

  /** Takes the next item; undefined when there is none. */
  shift(): T | undefined {
    if (this.#head === this.#items.length) return undefined
    const item = this.#items[this.#head]
    this.#items[this.#head++] = undefined
    if (this.#head === this.#items.length) {
      this.#items = []
      this.#head = 0
    } else if (this.#head > SLACK && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }
}
