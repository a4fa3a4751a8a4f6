/** Which numbered datagrams have come already, so that none is taken twice, whoever sends it again. */

/** How far behind the newest a datagram may be; older ones count as replayed. */
export const REPLAY_WINDOW = 1024

const BITS = 32

export class ReplayWindow {
  #highest = 0
  /** A ring of bits: number n has the bit n modulo the window. */
  readonly #seen = new Uint32Array(REPLAY_WINDOW / BITS)

  /** Whether this number, from 1 on, comes for the first time and not too late. */
  accept(sequence: number): boolean {
    if (sequence < 1 || sequence <= this.#highest - REPLAY_WINDOW) return false
    if (sequence > this.#highest) this.#advance(sequence)
    const [word, mask] = place(sequence)
    if ((this.#seen[word]! & mask) !== 0) return false
    this.#seen[word]! |= mask
    return true
  }

  /** Frees the places of the numbers between. */
  #advance(sequence: number): void {
    if (sequence - this.#highest >= REPLAY_WINDOW) this.#seen.fill(0)
    else {
      for (let number = this.#highest + 1; number <= sequence; number++) {
        const [word, mask] = place(number)
        this.#seen[word]! &= ~mask
      }
    }
    this.#highest = sequence
  }
}

function place(sequence: number): [number, number] {
  const bit = sequence % REPLAY_WINDOW
  return [Math.floor(bit / BITS), 1 << (bit % BITS)]
}
