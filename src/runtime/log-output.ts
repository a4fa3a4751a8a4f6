/**
 * Where the lines of a log go: a file, or stderr. A log must not end the program that it is of, so where lines cannot be
 * written, as on a full disk or to a reader that has gone, they are dropped until they can be again.
 */
import { constants, fstatSync, openSync, writeSync } from 'node:fs'

const STDERR = 2

/** How long lines wait for a reader that is behind, as that of a pipe may be, in each while, and for how long at a time. */
const PATIENCE_MS = 200
const WHILE_MS = 10_000
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
  readonly #now: () => number
  /** The rest of a line that was cut short: the next one would run on from it. */
  #rest: Uint8Array = NOTHING
  #losing = false
  /** When the while began, and how often a reader was waited for in it. */
  #since = Number.NEGATIVE_INFINITY
  #waits = 0

  /**
   * @param file its path; empty for stderr
   * @param system writes what it can of some bytes
   * @param stderr what to write to where there is no file, or it takes nothing
   * @param now milliseconds of a clock that never goes back
   * @throws the system's error where the file cannot be opened
   */
  constructor(file: string, system: WriteSync = writeSync, stderr = ownStderr(), now = () => performance.now()) {
    this.#file = file
    this.#system = system
    this.#stderr = stderr
    this.#now = now
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
    for (;;) {
      try {
        return this.#system(this.#descriptor, bytes)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || !this.#isPatient()) throw error
        Atomics.wait(SLEEPER, 0, 0, RETRY_MS)
        this.#waits++
      }
    }
  }

  /** Whether a reader may be waited for: one that takes nothing, or little, must hold up the program only now and then. */
  #isPatient(): boolean {
    const now = this.#now()
    if (now - this.#since > WHILE_MS) {
      this.#since = now
      this.#waits = 0
    }
    return !this.#losing && this.#waits < PATIENCE_MS / RETRY_MS
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
