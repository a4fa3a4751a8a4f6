/**
 * How long a body may be, and how much room those of open requests may take together, from their first byte to their
 * answer: a thousand of the longest are a gibibyte, which a node without a quorum would keep until their deadline. What
 * counts is what has arrived: who only announces a body, or sends it slowly, takes no room from the others.
 */

/** Bodies up to this size are not counted while they arrive: a connection has but one of them, and each finds room. */
const SMALL = 4096

/** How a body is refused that is not read to its end. */
export interface Overflow {
  readonly status: 413 | 503
  readonly reason: string
  /** Names and values in turn. */
  readonly headers: readonly string[]
}

/** See the file's head. One per server. */
export class Bodies {
  readonly #longest: number
  readonly #limit: number
  readonly #tooLong: Overflow
  readonly #noRoom: Overflow
  #bytes = 0

  /**
   * @param longest how many bytes one may have
   * @param limit how many there may be of all
   */
  constructor(longest: number, limit: number) {
    this.#longest = longest
    this.#limit = limit
    this.#tooLong = { status: 413, reason: `the body is longer than ${longest} bytes`, headers: [] }
    const reason = `the bodies of open requests would have more than ${limit} bytes`
    this.#noRoom = { status: 503, reason, headers: ['Retry-After', '1'] }
  }

  /** Why a body of so many bytes is refused if `arrived` of them are counted already, as things are; null if it is not. */
  refusal(bytes: number, arrived = 0): Overflow | null {
    if (bytes > this.#longest) return this.#tooLong
    return this.isCounted(bytes) && this.#bytes - counted(arrived) + bytes > this.#limit ? this.#noRoom : null
  }

  /** Whether so much of a body takes room from others while it arrives. */
  isCounted(bytes: number): boolean {
    return bytes > SMALL
  }

  /** Counts a body of which another part has arrived, and forgets the shorter one; with 0 it is gone. */
  arrive(bytes: number, before: number): void {
    this.#bytes += counted(bytes) - counted(before)
  }

  /** Counts a body that has arrived as a whole. */
  add(bytes: number): void {
    this.#bytes += bytes
  }

  /** Its request was answered. */
  remove(bytes: number): void {
    this.#bytes -= bytes
  }
}

/** What a body that arrives counts. */
function counted(bytes: number): number {
  return bytes > SMALL ? bytes : 0
}
