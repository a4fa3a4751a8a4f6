/**
 * Where the lines of a log go: a file, or stderr. A log must not end the program that it is of, so where lines cannot be
 * written, as on a full disk or to a reader that has gone, they are dropped until they can be again.
 */
import { constants, fstatSync, openSync, writeSync } from 'node:fs'

const STDERR = 2

/** How long a line waits for a reader that is behind, as that of a pipe may be, and how long until it is tried again. */
const PATIENCE_MS = 200
const RETRY_MS = 10

const NOTHING = new Uint8Array()
const SLEEPER = new Int32Array(new SharedArrayBuffer(4))

/** Writes bytes to a descriptor; how many it took. */
export type WriteSync = (descriptor: number, bytes: Uint8Array) => number

export class LogOutput {
  readonly #file: string
  readonly #descriptor: number
  readonly #system: WriteSync
  readonly #stderr: number
  /** The rest of a line that was cut short: the next one would run on from it. */
  #rest: Uint8Array = NOTHING
  #losing = false

  /**
   * @param file its path; empty for stderr
   * @param system writes what it can of some bytes
   * @param stderr what to write to where there is no file, or it takes nothing
   * @throws the system's error where the file cannot be opened
   */
  constructor(file: string, system: WriteSync = writeSync, stderr = ownStderr()) {
    this.#file = file
    this.#system = system
    this.#stderr = stderr
    this.#descriptor = file === '' ? stderr : openSync(file, 'a')
  }

  /** Whether the last line could not be written. */
  get losing(): boolean {
    return this.#losing
  }

  /** Writes one line, with its end, or drops it. */
  write(line: string): void {
    try {
      this.#finish()
      const bytes = Buffer.from(line)
      // Of a line that has begun the rest is kept; one that has not leaves nothing.
      this.#rest = bytes.subarray(this.#put(bytes))
      this.#finish()
      this.#losing = false
    } catch (error) {
      if (!this.#losing) this.#say(error as Error)
      this.#losing = true
    }
  }

  #finish(): void {
    while (this.#rest.length > 0) this.#rest = this.#rest.subarray(this.#put(this.#rest))
  }

  /** Writes what fits; how many bytes did. */
  #put(bytes: Uint8Array): number {
    const end = performance.now() + PATIENCE_MS
    for (;;) {
      try {
        return this.#system(this.#descriptor, bytes)
      } catch (error) {
        // A reader that takes nothing holds up the program once, not with every line.
        const isBehind = (error as NodeJS.ErrnoException).code === 'EAGAIN'
        if (!isBehind || this.#losing || performance.now() > end) throw error
        Atomics.wait(SLEEPER, 0, 0, RETRY_MS)
      }
    }
  }

  /** Says that lines are lost, unless that would go where they cannot go. */
  #say({ message }: Error): void {
    if (this.#file === '') return
    say(`${this.#file}: ${message}; lines of the log are dropped until it can be written`, this.#stderr, this.#system)
  }
}

/** Says a line on stderr if that takes it at once: who ends must not wait for a reader. */
export function say(line: string, stderr = ownStderr(), system: WriteSync = writeSync): void {
  try {
    system(stderr, Buffer.from(`${line}\n`))
  } catch {
    // There is nobody left to tell.
  }
}

/**
 * A descriptor for stderr that holds up its writer never, if that is to be had. Where it is a pipe or a terminal, others may
 * hold it, too, and say for all whether it does; opened anew it is this program's own. Where it cannot be opened anew, as one
 * of another user or a socket, it is used as it is, and may hold up.
 */
function ownStderr(): number {
  try {
    const is = fstatSync(STDERR)
    if (!is.isFIFO() && !is.isCharacterDevice()) return STDERR
    return openSync(`/proc/self/fd/${STDERR}`, constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK)
  } catch {
    return STDERR
  }
}
