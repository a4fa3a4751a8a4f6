/** The lines of a text with their numbers, one at a time: a log of a million lines is not split into a million strings. */
import { SynodError } from '../../errors.ts'

/** Yields `[line, number]` for every line that is not blank; numbers start at 1. */
export function* lines(text: string): Generator<[string, number]> {
  let number = 0
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start)
    const end = newline < 0 ? text.length : newline
    number++
    const line = text.slice(start, end).trim()
    if (line !== '') yield [line, number]
    start = end + 1
  }
}

/** The error of a file that cannot be read as a history: one line that names file and line. */
export function malformed(file: string, line: number, why: string): SynodError {
  return new SynodError('malformed', `${file}:${line}: ${why}`)
}
