/** What travels between nodes, each write once: equal bytes have equal numbers, so that states can be compared. */
export class Writes {
  readonly #numbers = new Map<string, number>()
  readonly #writes: (readonly Uint8Array[])[] = []

  /** The number of a write. */
  number(frames: readonly Uint8Array[]): number {
    const text = frames.map((frame) => frame.join('.')).join(' ')
    let number = this.#numbers.get(text)
    if (number === undefined) {
      number = this.#writes.push(frames) - 1
      this.#numbers.set(text, number)
    }
    return number
  }

  /** The frames of a write. */
  at(number: number): readonly Uint8Array[] {
    return this.#writes[number]!
  }
}
