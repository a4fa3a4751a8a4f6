/**
 * The keys of the REST front. `/<int>`: `-?(0|[1-9][0-9]*)` within 64 bits, kept as its digits so that none is rounded.
 * `/kv/<text>`: any text in UTF-8, percent-encoded. `/42` and `/kv/42` are the same key.
 */

const DIGITS = /^(?:0|-?[1-9][0-9]{0,18})$/
const PATH = /^\/(0|-?[1-9][0-9]{0,18})(?:\?|$)/
const MAX = '9223372036854775807'
const MIN = '-9223372036854775808'

/** Digits of equal length compare like numbers. */
function fits(key: string): boolean {
  return key.charCodeAt(0) === 0x2d ? key.length < MIN.length || key <= MIN : key.length < MAX.length || key <= MAX
}

/** The key named by `text`, or null when it is no canonical 64-bit integer. */
export function parseKey(text: string): string | null {
  return DIGITS.test(text) && fits(text) ? text : null
}

/** The key named by the target of a request, `/<int>` with any query; null for every other target. */
export function keyOfTarget(target: string): string | null {
  const key = PATH.exec(target)?.[1]
  return key !== undefined && fits(key) ? key : null
}

const TEXT_PREFIX = '/kv/'
/** Printable ASCII but the slash, which is written `%2F`. */
const ENCODED = /^[!-.0-~]*$/

/** The key named by the target of a request, `/kv/<text>` with any query; null for every other target. */
export function textKeyOfTarget(target: string): string | null {
  if (!target.startsWith(TEXT_PREFIX)) return null
  const end = target.indexOf('?')
  const encoded = target.slice(TEXT_PREFIX.length, end < 0 ? undefined : end)
  if (!ENCODED.test(encoded)) return null
  try {
    return decodeURIComponent(encoded)
  } catch {
    return null
  }
}
