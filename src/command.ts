/** A command: what a client asks of the state machine, as it travels in messages and stands in logs. */
import { bytes, string, struct, uint32 } from './codec/schema.ts'
import { SynodError } from './errors.ts'

/** What a command does. A no-op is not a command but an empty batch. */
export const Op = { get: 1, put: 2 } as const

/**
 * One operation on one key. Keys are strings; a 64-bit integer key is its canonical decimal form, so `/42` and a
 * string key "42" are the same. `value` is what a put writes (empty is a value) and empty for a get.
 */
export class Command extends struct({ op: uint32, key: string, value: bytes }) {}

const EMPTY = new Uint8Array(0)

/**
 * A read of `key`.
 * @throws SynodError `malformed` when the key is no well-formed Unicode
 */
export function get(key: string): Command {
  return new Command({ op: Op.get, key: wellFormed(key), value: EMPTY })
}

/**
 * A write of `value` under `key`.
 * @throws SynodError `malformed` when the key is no well-formed Unicode
 */
export function put(key: string, value: Uint8Array): Command {
  return new Command({ op: Op.put, key: wellFormed(key), value })
}

/** Half a surrogate pair would not survive UTF-8: nodes would hold different keys. */
function wellFormed(key: string): string {
  if (key.isWellFormed()) return key
  throw new SynodError('malformed', `key ${JSON.stringify(key)} is no well-formed Unicode`)
}
