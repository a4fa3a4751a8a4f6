/** A file read from front to back: large reads, from which smaller pieces are views. Blocks: for the start of a node. */

/** A file as far as it is read. */
export interface Source {
  readonly path: string
  /** Fills `into` from `position` on; gives how many bytes there were. Blocks: only for the start of a node. */
  read(into: Uint8Array, position: number): number
}

const WINDOW_BYTES = 1024 * 1024

export class Window {
  readonly path: string
  readonly size: number
  readonly #file: Source
  #bytes: Uint8Array = new Uint8Array(0)
  /** Where in the file `#bytes` begins. */
  #from = 0

  constructor(file: Source, size: number) {
    this.path = file.path
    this.size = size
    this.#file = file
  }

  /** The bytes from `offset` on: `length` of them, fewer at the end of the file. Views stay as they are. */
  read(offset: number, length: number): Uint8Array {
    const wanted = Math.max(0, Math.min(length, this.size - offset))
    if (offset < this.#from || offset + wanted > this.#from + this.#bytes.length) {
      // A new array each time: what was read before may be kept by those who asked for it.
      const bytes = new Uint8Array(Math.min(Math.max(wanted, WINDOW_BYTES), Math.max(0, this.size - offset)))
      const filled = this.#file.read(bytes, offset)
      this.#bytes = bytes.subarray(0, filled)
      this.#from = offset
    }
    return this.#bytes.subarray(offset - this.#from, offset - this.#from + wanted)
  }

  /** Whether there is nothing but zeros from `offset` to before `end`. */
  isBlank(offset: number, end = this.size): boolean {
    for (let at = offset; at < end; ) {
      const bytes = this.read(at, Math.min(WINDOW_BYTES, end - at))
      if (bytes.length === 0) return true
      if (bytes.some((byte) => byte !== 0)) return false
      at += bytes.length
    }
    return true
  }
}
