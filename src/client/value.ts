/** Values as callers give them. What is none must not pass for the empty value, nor be tried at one node after the other. */

/** The bytes of a value, of a string in UTF-8. @throws TypeError when it is no value: the types are not always checked */
export function bytesOf(value: Uint8Array | string): Uint8Array {
  if (typeof value === 'string') return Buffer.from(value)
  if (value instanceof Uint8Array) return value
  throw new TypeError(`a value is a string or a Uint8Array, not ${kindOf(value)}`)
}

/** What something is, for a sentence. */
export function kindOf(value: unknown): string {
  return value === null ? 'null' : typeof value
}
