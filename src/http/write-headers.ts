/**
 * What the headers of a write ask for beside the write itself: a place in a session (`Session`, `Seq`, `Acked`), and a
 * condition (`If-Match`, `If-None-Match`). A header that is there and cannot be read is never passed over: the client
 * relies on it.
 */
import type { IncomingHttpHeaders } from 'node:http'
import { ABSENT, type Command, compareAndSet, inSession, type Place, put, remove, type SessionId } from '../command.ts'
import type { Gateway } from './gateway.ts'

/** What is wrong with the headers, for the answer. */
export interface Refusal {
  readonly status: 400 | 410 | 501
  readonly reason: string
}

const TOKEN = /^[0-9A-Za-z-]{1,64}$/
const SESSION = /^([1-9][0-9]{0,15})-([0-9a-f]{8})$/
const INTEGER = /^(?:0|[1-9][0-9]{0,15})$/
const VERSION = /^"([1-9][0-9]{0,15})"$/

/** A session as clients see it. */
export function sessionText({ number, nonce }: SessionId): string {
  return `${number}-${nonce.toString(16).padStart(8, '0')}`
}

/** Whether a write asks for nothing more than the write: almost all do, so this comes first. */
export function isPlain(headers: IncomingHttpHeaders): boolean {
  return (
    headers.session === undefined &&
    headers.seq === undefined &&
    headers.acked === undefined &&
    headers['if-match'] === undefined &&
    headers['if-none-match'] === undefined
  )
}

/** The command of a write with these headers; null as value deletes. */
export function writeOf(
  headers: IncomingHttpHeaders,
  offers: Gateway['offers'],
  key: string,
  value: Uint8Array | null,
): Command | Refusal {
  const expected = expectedOf(headers, offers)
  if (typeof expected === 'object' && expected !== null) return expected
  const place = placeOf(headers, offers)
  if (place !== null && 'status' in place) return place
  const plain = value === null ? remove(key) : put(key, value)
  const command = expected === null ? plain : compareAndSet(key, expected, value)
  return place === null ? command : inSession(place, command)
}

/** The version that is to be found; null without a condition. */
function expectedOf(headers: IncomingHttpHeaders, offers: Gateway['offers']): number | null | Refusal {
  const { 'if-match': match, 'if-none-match': none } = headers
  if (match === undefined && none === undefined) return null
  if (!offers.compareAndSet) return { status: 501, reason: 'this protocol has no compare-and-set' }
  if (match !== undefined && none !== undefined) return wrong('If-Match and If-None-Match exclude each other')
  if (match === undefined) return none === '*' ? ABSENT : wrong('If-None-Match is * or left out here')
  const version = Number(VERSION.exec(match)?.[1])
  return Number.isSafeInteger(version) ? version : wrong('If-Match is one version in quotes here, such as "3"')
}

/** Where the write stands in its session; null without one. */
function placeOf(headers: IncomingHttpHeaders, offers: Gateway['offers']): Place | null | Refusal {
  const { session, seq, acked } = headers
  if (session === undefined && seq === undefined && acked === undefined) return null
  if (!offers.sessions) return { status: 501, reason: 'this protocol has no sessions' }
  if (typeof session !== 'string' || !TOKEN.test(session)) return wrong('Session is missing, given twice or no session')
  const sequence = integer(seq)
  const acknowledged = acked === undefined ? 0 : integer(acked)
  if (sequence === null || sequence === 0) return wrong('Seq is missing, given twice or no integer from 1 to 2^53 - 1')
  if (acknowledged === null) return wrong('Acked is given twice or no integer from 0 to 2^53 - 1')
  if (acknowledged >= sequence) return wrong('Acked is not below Seq')
  const parsed = SESSION.exec(session)
  const number = Number(parsed?.[1])
  // Some session of another cluster, or of none: not known, as those that were evicted.
  if (!parsed || !Number.isSafeInteger(number)) return { status: 410, reason: 'the session is not known' }
  return { session: { number, nonce: Number.parseInt(parsed[2]!, 16) }, sequence, acknowledged }
}

function integer(text: string | string[] | undefined): number | null {
  if (typeof text !== 'string' || !INTEGER.test(text)) return null
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : null
}

function wrong(reason: string): Refusal {
  return { status: 400, reason }
}
