/** Requests to speak something else than HTTP from then on: what follows them Node's parser does not read. */
import type { IncomingMessage } from 'node:http'

/** Whether a request is one: the header `Upgrade` alone asks for nothing (RFC 9110, §7.8). */
export function upgrades({ headers }: IncomingMessage): boolean {
  return headers.upgrade !== undefined && /(^|,)\s*upgrade\s*(,|$)/i.test(headers.connection ?? '')
}
