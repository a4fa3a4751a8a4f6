/** The writes of keys, the same with and without a session: what they send, and how answers are read. */
import type { Answered, Repeatable } from './attempts.ts'
import { type Key, textPath } from './key.ts'
import { header, type Meta, meta } from './replies.ts'
import { bytesOf, kindOf } from './value.ts'

/** What every answer tells. */
export interface Told extends Meta {
  /** The node that answered. */
  readonly node: string
  /** How often the key has been written; null where the protocol does not count. */
  readonly version: number | null
}

/** What a put gave. */
export interface Put extends Told {
  /** The value before; null when there was none, it was empty, or the protocol does not tell. */
  readonly previous: Buffer | null
}

/** What a delete gave. */
export interface Deleted extends Told {
  /** False when the key was absent already. True also then where the protocol does not tell, as ABD does not. */
  readonly deleted: boolean
  /** The value before; null when there was none, it was empty, or the protocol does not tell. */
  readonly previous: Buffer | null
}

/** What a compare-and-set gave. */
export interface Compared extends Told {
  /** Whether the write took place; if not, `version` is the present one, null when the key is absent. */
  readonly swapped: boolean
}

/** Overrides for one request. */
export interface CallOptions {
  /** How long it may take with all its attempts. */
  readonly timeoutMs?: number
}

/** A write on its way out; what it lacks depends on who sends it. */
export type Write = Pick<Repeatable, 'method' | 'path' | 'headers' | 'body' | 'answers'>

/**
 * See the file's head. All methods throw `RefusedError` or `UnknownOutcomeError`; before anything is sent also `SynodError`
 * `malformed` for a bad key and `config` for a bad time, and `TypeError` for what is no key, value or version.
 */
export abstract class Writes {
  /** Sends a write and gives its answer. */
  protected abstract send(write: Write, options: CallOptions): Promise<Answered>

  /** Writes `value`, a string as UTF-8, under `key`; empty is a value. */
  async put(key: Key, value: Uint8Array | string, options: CallOptions = {}): Promise<Put> {
    const body = bytesOf(value)
    const answered = await this.send({ method: 'PUT', path: textPath(key), headers: [], body, answers: [200] }, options)
    return { ...told(answered), previous: previous(answered) }
  }

  /** Makes `key` absent. */
  async delete(key: Key, options: CallOptions = {}): Promise<Deleted> {
    const path = textPath(key)
    const answered = await this.send({ method: 'DELETE', path, headers: [], body: null, answers: [200, 404] }, options)
    const deleted = answered.reply.status === 200
    return { ...told(answered), deleted, previous: deleted ? previous(answered) : null }
  }

  /**
   * Writes `value` under `key`, or with null deletes it, if the key is present at version `expected`; with null as
   * `expected` if it is absent. Where the protocol cannot, the refusal's code is `unsupported`.
   */
  async compareAndSet(
    key: Key,
    expected: number | null,
    value: Uint8Array | string | null,
    options: CallOptions = {},
  ): Promise<Compared> {
    const headers = conditionOf(expected)
    const method = value === null ? 'DELETE' : 'PUT'
    const body = value === null ? null : bytesOf(value)
    // A delete of what is absent as expected is 404: it had nothing to do.
    const answered = await this.send({ method, path: textPath(key), headers, body, answers: [200, 404, 412] }, options)
    return { ...told(answered), swapped: answered.reply.status !== 412 }
  }
}

/** What the headers of an answer tell. */
export function told({ node, reply }: Answered): Told {
  const tag = /^"([0-9]+)"$/.exec(header(reply, 'etag') ?? '')?.[1]
  return { node, version: tag === undefined ? null : Number(tag), ...meta(reply) }
}

function previous({ reply }: Answered): Buffer | null {
  return reply.body.length > 0 ? reply.body : null
}

/** The condition that a key is at this version, or absent. */
function conditionOf(expected: number | null): string[] {
  if (expected === null) return ['If-None-Match', '*']
  if (Number.isSafeInteger(expected)) return ['If-Match', `"${expected}"`]
  const given = typeof expected === 'number' ? expected : kindOf(expected)
  throw new TypeError(`the version expected is a whole number or null, not ${given}`)
}
