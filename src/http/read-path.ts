/** Which path a read takes: the header `Read` says so, or else the flag with which the server was started. */
import type { IncomingHttpHeaders } from 'node:http'
import type { ReadMode } from '../request.ts'
import type { Gateway } from './gateway.ts'
import type { Refusal } from './write-headers.ts'

/** The paths as the header names them; `log` is the protocol's own, whatever the server's flag says. */
const NAMES: Readonly<Record<string, ReadMode>> = { log: '', leader: 'leader', quorum: 'quorum', any: 'any' }

/** The path of a read with these headers. */
export function readPathOf({ read }: IncomingHttpHeaders, { read: usual, offers }: Gateway): ReadMode | Refusal {
  if (read === undefined) return usual
  const mode = typeof read === 'string' && Object.hasOwn(NAMES, read) ? NAMES[read] : undefined
  if (mode === undefined) return { status: 400, reason: `Read is one of ${Object.keys(NAMES).join(', ')} here` }
  if (mode !== '' && !offers.reads.includes(mode)) {
    return { status: 501, reason: `this protocol has no reads of ${mode}` }
  }
  return mode
}
