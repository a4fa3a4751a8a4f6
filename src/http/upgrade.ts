/** Requests to speak something else than HTTP from then on: what follows them Node's parser does not read. */
import type { IncomingMessage } from 'node:http'

const UPGRADE = /(^|,)\s*upgrade\s*(,|$)/i

/** Whether a request is one for Node's parser: the header `Upgrade` alone asks for nothing (RFC 9110, §7.8). */
export function upgrades({ headers }: IncomingMessage): boolean {
  if (headers.upgrade === undefined) return false
  // The parser takes the one for the other.
  return UPGRADE.test(headers.connection ?? '') || UPGRADE.test(String(headers['proxy-connection'] ?? ''))
}
