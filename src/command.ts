/** A command: what a client asks of the state machine, as it travels in messages and stands in logs. */
import { codecOf } from './codec/compile.ts'
import { bytes, string, struct, uint32, uint53 } from './codec/schema.ts'
import { SynodError } from './errors.ts'

/**
 * What a command does. A no-op is not a command but an empty batch. The last three carry more than a key and a value:
 * they pack it into `value`, so that the plain commands, which are almost all, pay nothing for it.
 */
export const Op = { get: 1, put: 2, delete: 3, compareAndSet: 4, compareAndDelete: 5, open: 6, inSession: 7 } as const

/**
 * One operation on one key. Keys are strings; a 64-bit integer key is its canonical decimal form, so `/42` and a
 * string key "42" are the same. `value` is what a put writes (empty is a value), and empty for a get and a delete.
 */
export class Command extends struct({ op: uint32, key: string, value: bytes }) {}

/** What the value of a compare-and-set or compare-and-delete packs: the version expected, and the value to write. */
class Condition extends struct({ expected: uint53, value: bytes }) {}

/** What the value of a command that opens a session packs: a random number, which tells sessions of equal number apart. */
class Opening extends struct({ nonce: uint32 }) {}

/**
 * What the value of a command in a session packs: whose it is, which of the session's writes, up to where the client
 * has its answers, and the write itself, whose key is the outer command's.
 */
class Call extends struct({
  session: uint53,
  nonce: uint32,
  sequence: uint53,
  acknowledged: uint53,
  op: uint32,
  value: bytes,
}) {}

/** A session, as its opening named it. */
export interface SessionId {
  /** Counts the sessions of a cluster. */
  readonly number: number
  /** Drawn at random by who opened it: a cluster that has lost everything counts anew. */
  readonly nonce: number
}

/** Where a write stands in its session. */
export interface Place {
  readonly session: SessionId
  /** The number of this write, from 1; a retry has the same. */
  readonly sequence: number
  /** The client has the answers of all sequences up to this one, and will not repeat them. */
  readonly acknowledged: number
}

const EMPTY = new Uint8Array(0)

/** The version to expect of a key that is to be absent. */
export const ABSENT = 0

const conditions = codecOf(Condition)
const openings = codecOf(Opening)
const calls = codecOf(Call)

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

/**
 * Makes `key` absent.
 * @throws SynodError `malformed` when the key is no well-formed Unicode
 */
export function remove(key: string): Command {
  return new Command({ op: Op.delete, key: wellFormed(key), value: EMPTY })
}

/**
 * A write of `value` under `key`, or with null its deletion, if the key has been written `expected` times and is
 * present; with `ABSENT` if it is absent.
 * @throws SynodError `malformed` when the key is no well-formed Unicode, or `expected` no integer in [0, 2^53 − 1]
 */
export function compareAndSet(key: string, expected: number, value: Uint8Array | null): Command {
  if (!Number.isSafeInteger(expected) || expected < 0)
    throw new SynodError('malformed', `${expected} is no version of a key`)
  const op = value === null ? Op.compareAndDelete : Op.compareAndSet
  const packed = conditions.encode({ expected, value: value ?? EMPTY }, 0)
  return new Command({ op, key: wellFormed(key), value: packed })
}

/**
 * A command that opens a session; its number is the version of the result.
 * @param nonce drawn at random by who opens it, an integer in [0, 2^32 − 1]
 */
export function openSession(nonce: number): Command {
  return new Command({ op: Op.open, key: '', value: openings.encode({ nonce }, 0) })
}

/**
 * A write as part of a session: however often it is tried, it is executed once.
 * @throws SynodError `malformed` when the command is no write
 */
export function inSession({ session, sequence, acknowledged }: Place, { op, key, value }: Command): Command {
  if (!isPlainWrite(op)) throw new SynodError('malformed', 'only writes stand in sessions')
  const { number, nonce } = session
  const packed = calls.encode({ session: number, nonce, sequence, acknowledged, op, value }, 0)
  return new Command({ op: Op.inSession, key, value: packed })
}

/** The condition of a compare-and-set or compare-and-delete; null when it cannot be read. */
export function conditionOf({ value }: Command): { expected: number; value: Uint8Array } | null {
  return unpacked(() => conditions.decode(value))
}

/** The random number of an opening; null when it cannot be read. */
export function nonceOf({ value }: Command): number | null {
  return unpacked(() => openings.decode(value))?.nonce ?? null
}

/** A command in a session, taken apart; null when it cannot be read. */
export function callOf({ key, value }: Command): { place: Place; command: Command } | null {
  const call = unpacked(() => calls.decode(value))
  if (!call || !isPlainWrite(call.op)) return null
  const { session: number, nonce, sequence, acknowledged, op } = call
  return {
    place: { session: { number, nonce }, sequence, acknowledged },
    command: new Command({ op, key, value: call.value }),
  }
}

/** Whether these are writes of a key, and in no session. */
function isPlainWrite(op: number): boolean {
  return op >= Op.put && op <= Op.compareAndDelete
}

/** What was packed by another node may be no such thing; all nodes find that alike. */
function unpacked<T>(decode: () => T): T | null {
  try {
    return decode()
  } catch (error) {
    if (error instanceof SynodError) return null
    throw error
  }
}

/** Half a surrogate pair would not survive UTF-8: nodes would hold different keys. */
function wellFormed(key: string): string {
  if (key.isWellFormed()) return key
  throw new SynodError('malformed', `key ${JSON.stringify(key)} is no well-formed Unicode`)
}
