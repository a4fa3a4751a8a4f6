/** The formats of histories that can be read, by name. */
import type { History } from '../operation.ts'
import { parseJepsen } from './jepsen.ts'
import { parseKnossos } from './knossos.ts'
import { parsePorcupineKv } from './porcupine-kv.ts'
import { parseSynod } from './synod.ts'

/** How a format is read. */
export interface Format {
  /** Reads a text; throws SynodError `malformed`, with `file` and the line, where it is no such history. */
  readonly parse: (text: string, file: string) => History
  /** What the times of its operations are. */
  readonly times: 'index' | 'time'
  /** What stands for a value that is absent: nil, or the empty text where there is no nil. */
  readonly absent: null | ''
  /** What values are. */
  readonly values: 'integer' | 'text'
  /** What keys hold at first unless something else is said. */
  readonly initial: null | '' | 0
}

/** The formats by their names. */
export const FORMATS = {
  jepsen: { parse: parseJepsen, times: 'index', absent: null, values: 'integer', initial: null },
  knossos: { parse: parseKnossos, times: 'index', absent: null, values: 'integer', initial: 0 },
  'porcupine-kv': { parse: parsePorcupineKv, times: 'index', absent: '', values: 'text', initial: '' },
  synod: { parse: parseSynod, times: 'time', absent: null, values: 'text', initial: null },
} as const satisfies Record<string, Format>

/** A name of `FORMATS`. */
export type FormatName = keyof typeof FORMATS
