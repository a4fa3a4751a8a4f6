/** Makes directories level by level: Node's own recursive `mkdir` never ends where the system makes none, as in `/proc`. */
import { mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/**
 * Makes a directory and those above it that are missing; gives the first that was made, or undefined when none was.
 * @throws the system's error: for want of rights, of room, or because something else is there
 */
export function makeDirectory(path: string): string | undefined {
  const absolute = resolve(path)
  try {
    return makeOne(absolute)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  const above = makeDirectory(dirname(absolute))
  const own = makeOne(absolute)
  return above ?? own
}

/** Whoever makes the same one at the same time is welcome. */
function makeOne(path: string): string | undefined {
  try {
    mkdirSync(path)
    return path
  } catch (error) {
    const there = (error as NodeJS.ErrnoException).code === 'EEXIST' && statSync(path).isDirectory()
    if (there) return undefined
    throw error
  }
}
