/**
 * The values that a run writes, each one unique, so that a read names the one write it saw. Ten bytes, of the form of
 * Paxi's client (a uvarint padded to ten), so that either client can read what the other wrote:
 *
 *     byte   0 … 4              5 … 8            9
 *          number, 35 bits    run, 28 bits    always 0
 */

const SIZE = 10
const RUN_AT = 5
const NUMBER_LIMIT = 2 ** 35
const RUN_LIMIT = 2 ** 28
const MORE = 0x80

/** Makes and recognises the values of one run. */
export class Values {
  readonly #run: Buffer

  /** @param run tells this run from others on the same store: a random integer in [0, 2^28) */
  constructor(run: number) {
    if (!Number.isSafeInteger(run) || run < 0 || run >= RUN_LIMIT) throw new RangeError(`run ${run} is not 28 bits`)
    this.#run = Buffer.alloc(SIZE - RUN_AT)
    for (let i = 0; i < 4; i++) this.#run[i] = ((run >>> (7 * i)) & 0x7f) | (i < 3 ? MORE : 0)
  }

  /** The bytes of the value with this `number`, an integer in [1, 2^35). */
  encode(number: number): Buffer {
    if (!(number >= 1 && number < NUMBER_LIMIT)) throw new RangeError(`value number ${number} is not 35 bits`)
    const value = Buffer.allocUnsafe(SIZE)
    let rest = number
    for (let i = 0; i < RUN_AT; i++) {
      value[i] = (rest % 128) | MORE
      rest = Math.floor(rest / 128)
    }
    value.set(this.#run, RUN_AT)
    return value
  }

  /** The number of a value of this run; null for a value that another run or program wrote. */
  decode(value: Uint8Array): number | null {
    if (value.length !== SIZE) return null
    for (let i = RUN_AT; i < SIZE; i++) if (value[i] !== this.#run[i - RUN_AT]) return null
    let number = 0
    for (let i = RUN_AT - 1; i >= 0; i--) {
      if (value[i]! < MORE) return null
      number = number * 128 + (value[i]! & 0x7f)
    }
    return number === 0 ? null : number
  }
}
