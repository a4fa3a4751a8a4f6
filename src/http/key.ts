/** Integer keys of the REST front: `-?(0|[1-9][0-9]*)` within 64 bits, kept as their digits so that none is rounded. */

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
