/** Keys as the REST interface spells them: integers in canonical decimal, 64 bit, never rounded; any text under `/kv/`. */
import { SynodError } from '../errors.ts'
import { kindOf } from './value.ts'

/** An integer key: a number must be a safe integer, a string canonical decimal. */
export type Key = bigint | number | string

const CANONICAL = /^-?(0|[1-9][0-9]*)$/
const MIN = -(2n ** 63n)
const MAX = 2n ** 63n - 1n
/** Up to 18 digits every decimal fits 64 bits, so only longer ones pay for a bigint. */
const SURELY_FITS = 18

/**
 * The canonical decimal form of `key`, as it stands in a request's path.
 * @throws SynodError `malformed` when it is no integer, not canonical (`01`, `-0`, `+1`), rounded, or beyond 64 bits;
 *   TypeError when it is neither string nor number
 */
export function canonicalKey(key: Key): string {
  const text = textOf(key)
  if (!CANONICAL.test(text) || text === '-0') {
    throw new SynodError('malformed', `key ${JSON.stringify(text)} is not an integer in canonical decimal form`)
  }
  if (text.length > SURELY_FITS) {
    const value = BigInt(text)
    if (value < MIN || value > MAX) throw new SynodError('malformed', `key ${text} is beyond 64 bits`)
  }
  return text
}

/**
 * The path of any key, integers in decimal: `/kv/` and the key in percent-encoded UTF-8.
 * @throws SynodError `malformed` when it is a number that is rounded, or no well-formed Unicode; TypeError when it is neither
 *   string nor number
 */
export function textPath(key: Key): string {
  const text = textOf(key)
  if (!text.isWellFormed()) throw new SynodError('malformed', `key ${JSON.stringify(text)} is no well-formed Unicode`)
  return `/kv/${encodeURIComponent(text)}`
}

/** The text of a key, exact; a caller in JavaScript may give anything. */
function textOf(key: Key): string {
  if (typeof key !== 'string' && typeof key !== 'bigint' && typeof key !== 'number') {
    throw new TypeError(`a key is a string, a number or a bigint, not ${kindOf(key)}`)
  }
  if (typeof key === 'number' && !Number.isSafeInteger(key)) {
    throw new SynodError('malformed', `key ${key} is not a safe integer; give it as a bigint or a string`)
  }
  return String(key)
}
