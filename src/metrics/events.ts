/** Counts the lines of a node's log by event: a wrapper around it. Events are fixed words, so there are few. */
import type { Log } from '../seams.ts'

type Level = 'info' | 'warn' | 'error'

export class Events {
  /** How many lines there were. */
  total = 0
  /** By level and event, such as `info campaign`. */
  readonly #counts = new Map<string, number>()

  /** What to use instead of `log`. Lines of level debug are not counted. */
  wrap(log: Log): Log {
    const counted =
      (level: Level): Log[Level] =>
      (event, fields) => {
        this.total += 1
        const key = `${level} ${event}`
        this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
        log[level](event, fields)
      }
    return {
      debug: (event, fields) => log.debug(event, fields),
      info: counted('info'),
      warn: counted('warn'),
      error: counted('error'),
    }
  }

  /** The counts so far. */
  *counts(): Iterable<{ readonly level: string; readonly event: string; readonly count: number }> {
    for (const [key, count] of this.#counts) {
      const space = key.indexOf(' ')
      yield { level: key.slice(0, space), event: key.slice(space + 1), count }
    }
  }
}
