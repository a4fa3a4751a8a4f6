/** Logs of a program: pino's JSON lines, to stderr or to a file in the log directory. */
import { join } from 'node:path'
import pino from 'pino'
import type { Log } from '../seams.ts'
import { makeDirectory } from './make-directory.ts'

/** How a program logs. */
export interface LogOptions {
  /** Log this and what is worse. */
  readonly level: 'debug' | 'info' | 'warning' | 'error'
  /** Directory for the log file; empty for stderr. */
  readonly directory: string
  /** Name of the file, without its ending. */
  readonly name: string
}

/**
 * Opens the log; `Log` objects made by `child` carry their fields in every line.
 * @throws Error when the directory or the file cannot be written
 */
export function openLog({ level, directory, name }: LogOptions): {
  child(fields: Readonly<Record<string, unknown>>): Log
} {
  if (directory !== '') makeDirectory(directory)
  const destination = pino.destination({ dest: directory === '' ? 2 : join(directory, `${name}.log`), sync: true })
  const root = pino(
    {
      level: level === 'warning' ? 'warn' : level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (name) => ({ level: name }) },
    },
    destination,
  )
  return {
    child(fields) {
      const logger = root.child(fields)
      return {
        debug: (event, more = {}) => logger.debug(more, event),
        info: (event, more = {}) => logger.info(more, event),
        warn: (event, more = {}) => logger.warn(more, event),
        error: (event, more = {}) => logger.error(more, event),
      }
    },
  }
}
