/** How the writes of clients are told apart: each writes a value that its key was never given before. */

/** The share of empty values among those that clients put, as long as the key has not been given it. */
export const EMPTIES = 0.1

/** The name of a write. */
export function writeOf(key: string, value: string): string {
  return `${key}=${value}`
}
