/**
 * The sequences of a session as its client sees them: which are under way, and which may be sent already. The cluster
 * takes 1,024 above the acknowledged mark, and fewer while their answers are large. It alone knows how large they are, so
 * its refusals narrow the window, and each write that ends widens it again.
 */
import type { Deadline } from './deadline.ts'

/** How many sequences above the acknowledged ones the cluster takes at most. */
const MOST = 1024

/** Goes on with a sequence that may be sent; null when the deadline has come. */
type Go = (sequence: number | null) => void

/** See the file's head. */
export class Window {
  #last = 0
  /** How many sequences above the acknowledged ones are sent. */
  #room = MOST
  /** The sequences under way, in their order. */
  readonly #open = new Set<number>()
  /** Who waits to send a sequence again, and who waits for a new one. */
  readonly #again = new Map<number, Go>()
  readonly #next = new Set<Go>()

  /** All sequences up to here have ended: the cluster may forget their answers. */
  get acknowledged(): number {
    const [oldest] = this.#open
    return oldest === undefined ? this.#last : oldest - 1
  }

  /** Begins a new sequence if it may be sent now; null when it may not. */
  begin(): number | null {
    if (!this.#fits(this.#last + 1)) return null
    this.#last += 1
    this.#open.add(this.#last)
    return this.#last
  }

  /** Begins a new sequence, once it may be sent; null when the deadline comes first. */
  async next(deadline: Deadline): Promise<number | null> {
    const sequence = this.begin()
    if (sequence !== null) return sequence
    return wait(deadline, (go) => {
      this.#next.add(go)
      return () => this.#next.delete(go)
    })
  }

  /** Waits until a sequence under way may be sent again; null when the deadline comes first. */
  async again(sequence: number, deadline: Deadline): Promise<number | null> {
    if (this.#fits(sequence)) return sequence
    return wait(deadline, (go) => {
      this.#again.set(sequence, go)
      return () => this.#again.delete(sequence)
    })
  }

  /** Notes that there was no room for a sequence. The oldest one under way may be sent all the same, so all have an end. */
  narrow(sequence: number): void {
    const half = Math.floor((sequence - this.acknowledged) / 2)
    this.#room = Math.max(1, Math.min(this.#room, half))
  }

  /** Notes that a sequence is not sent again, whatever became of it. */
  end(sequence: number): void {
    this.#open.delete(sequence)
    this.#room = Math.min(MOST, this.#room + 1)
    for (const [waiting, go] of this.#again) if (this.#fits(waiting)) go(waiting)
    for (const go of this.#next) {
      const next = this.begin()
      if (next === null) return
      go(next)
    }
  }

  #fits(sequence: number): boolean {
    return sequence - this.acknowledged <= this.#room
  }
}

/** Waits to be told to go on, or for the deadline. @param enter begins the waiting, and gives what ends it */
function wait(deadline: Deadline, enter: (go: Go) => () => void): Promise<number | null> {
  return new Promise((resolve) => {
    const leave = enter((sequence) => {
      clearTimeout(timer)
      leave()
      resolve(sequence)
    })
    const timer = setTimeout(() => {
      leave()
      resolve(null)
    }, deadline.leftMs)
  })
}
