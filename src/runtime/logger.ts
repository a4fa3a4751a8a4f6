/** Logs of a program: pino's JSON lines, to stderr or to a file in the log directory. */
import { join } from 'node:path'
import pino from 'pino'
import type { Log } from '../seams.ts'
import { LogOutput } from './log-output.ts'
import { makeDirectory } from './make-directory.ts'
import { using } from './unusable.ts'

/** How a program logs. */
export interface LogOptions {
  /** Log this and what is worse. */
  readonly level: 'debug' | 'info' | 'warning' | 'error'
  /** Directory for the log file; empty for stderr. */
  readonly directory: string
  /** Name of the file, without its ending. */
  readonly name: string
}

/** A log that is open. */
export interface OpenLog {
  /** Makes a `Log` that carries these fields in every line. */
  child(fields: Readonly<Record<string, unknown>>): Log
  /** Whether the last line could not be written. */
  readonly losing: boolean
}

/**
 * Opens the log. Lines that cannot be written are dropped.
 * @throws SynodError `config` when the directory or the file is no use; else the system's error
 */
export function openLog({ level, directory, name }: LogOptions): OpenLog {
  if (directory !== '') using(directory, () => makeDirectory(directory))
  const file = directory === '' ? '' : join(directory, `${name}.log`)
  const output = using(file, () => new LogOutput(file))
  const root = pino(
    {
      level: level === 'warning' ? 'warn' : level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (name) => ({ level: name }) },
    },
    output,
  )
  return {
    get losing() {
      return output.losing
    },
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
