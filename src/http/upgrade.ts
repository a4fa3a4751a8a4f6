/**
 * Requests to speak something else than HTTP from then on: what follows them Node's parser does not read. Which those are
 * the parser says, and nobody guesses; but Node takes that back from requests that it hands on.
 */
import type { IncomingMessage } from 'node:http'

const upgrading = new WeakSet<IncomingMessage>()

/** Notes what the parser says of a request, before Node has handled it. */
export function noteUpgrade(request: IncomingMessage & { readonly upgrade?: boolean | null }): void {
  if (request.upgrade) upgrading.add(request)
}

/** Whether a request is one for Node's parser. */
export function upgrades(request: IncomingMessage): boolean {
  return upgrading.has(request)
}
