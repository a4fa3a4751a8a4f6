/** One client's session: the writes that it has had executed and not yet acknowledged, with their answers. */
import type { Result } from '../request.ts'
import { Digest } from './digest.ts'

/** How many sequences above the acknowledged mark a session takes: clients pipeline, and order may be lost. */
export const WINDOW = 1024

/** From so many bytes of kept answers on a session takes only the next write above the mark, see `hasRoom`. */
const MOST_BYTES = 8 * 1024 * 1024

/** About how many bytes an answer takes beside its value. */
const OVERHEAD = 100

/** What is kept of an executed write. */
export interface Kept {
  readonly sequence: number
  /** Tells the command from any other that a client may give this number by mistake. */
  readonly fingerprint: number
  readonly result: Result
}

export class Session {
  readonly number: number
  readonly nonce: number
  /** The client has the answers of the sequences up to here; never goes back. */
  acknowledged = 0
  /** The table's count of executions at this session's last one. */
  usedAt: number
  /** About how many bytes the kept answers take. */
  bytes = 0
  /** The hash of all that is here: the sums of the parts' hashes, so that it costs one part's hash to keep up. */
  low = 0
  high = 0
  readonly #kept = new Map<number, Kept>()
  /** What the head has added to the hash. */
  #head = { low: 0, high: 0 }

  constructor(number: number, nonce: number, usedAt: number) {
    this.number = number
    this.nonce = nonce
    this.usedAt = usedAt
    this.#rehash()
  }

  /** Whether a sequence may be executed, or may have been: below the window its answer is forgotten. */
  admits(sequence: number): boolean {
    return sequence > this.acknowledged && sequence <= this.acknowledged + WINDOW
  }

  /**
   * Whether the answer of a new write may be kept, or the client must acknowledge some first. The next one above the mark
   * always may: without it the client could acknowledge nothing, whatever was executed before it.
   */
  hasRoom(sequence: number): boolean {
    return this.bytes < MOST_BYTES || sequence === this.acknowledged + 1
  }

  /** The writes kept, in the order of their execution. */
  get kept(): Iterable<Kept> {
    return this.#kept.values()
  }

  find(sequence: number): Kept | undefined {
    return this.#kept.get(sequence)
  }

  /** Forgets the answers up to a sequence. */
  acknowledge(sequence: number): void {
    if (sequence <= this.acknowledged) return
    this.acknowledged = sequence
    for (const kept of this.#kept.values()) if (kept.sequence <= sequence) this.#forget(kept)
    this.#rehash()
  }

  /** Keeps the answer of a write. */
  keep(kept: Kept, usedAt: number): void {
    this.#kept.set(kept.sequence, kept)
    this.bytes += bytesOf(kept)
    this.#add(digest(this.number, kept), 1)
    this.usedAt = usedAt
    this.#rehash()
  }

  #forget(kept: Kept): void {
    this.#kept.delete(kept.sequence)
    this.bytes -= bytesOf(kept)
    this.#add(digest(this.number, kept), -1)
  }

  #rehash(): void {
    this.#add(this.#head, -1)
    this.#head = new Digest()
      .number(this.number)
      .number(this.nonce)
      .number(this.acknowledged)
      .number(this.usedAt)
      .finish()
    this.#add(this.#head, 1)
  }

  #add({ low, high }: { low: number; high: number }, sign: number): void {
    this.low = (this.low + sign * low) | 0
    this.high = (this.high + sign * high) | 0
  }
}

function bytesOf({ result }: Kept): number {
  return OVERHEAD + (result.value?.length ?? 0)
}

function digest(session: number, { sequence, fingerprint, result }: Kept): Digest {
  const { value, version, effect } = result
  return new Digest()
    .number(session)
    .number(sequence)
    .number(fingerprint)
    .number(version)
    .text(effect)
    .bytes(value)
    .finish()
}
