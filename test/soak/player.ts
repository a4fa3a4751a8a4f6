/** Sends bad input many times, some at a time, and counts what came back. */
import { createSocket } from 'node:dgram'
import { parseResponse, RawClient } from '../../src/http/testing/raw-client.ts'
import type { RestRow } from './rest-rows.ts'
import type { Row } from './row.ts'

const LANES = 32
/** Longer than any limit of the server. */
const PATIENCE_MS = 45_000
/** What is expected must come at least this often: once in so many times. */
const LEAST_SHARE = 10

/** How often each outcome came. */
export type Outcomes = Map<string, number>

/** Plays a row until it has come to something so many times, what may come besides left aside. */
export async function repeat(times: number, { once, besides = [], lanes = LANES }: Row): Promise<Outcomes> {
  const outcomes: Outcomes = new Map()
  let left = (times + lanes) * LEAST_SHARE
  let came = 0
  let underWay = 0
  // Where not all count, nobody knows which of those under way do; and it may take all lanes for any to come.
  const isEnough = () => left === 0 || came + (besides.length > 0 ? 0 : underWay) >= times
  const lane = async () => {
    while (!isEnough()) {
      left -= 1
      underWay += 1
      const outcome = await once()
      underWay -= 1
      if (!besides.includes(outcome)) came += 1
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return outcomes
}

/** One client sends the row's bytes and reads its answers; gives their statuses, and `closed` for an end by the node without one. */
export async function playRest(port: number, { bytes, statuses }: RestRow): Promise<string> {
  const client = new RawClient(port)
  client.send(bytes)
  const got: string[] = []
  const timer = setTimeout(() => client.close(), PATIENCE_MS)
  try {
    if (statuses.length === 0) {
      // The node must have all of it before it learns that its client is gone.
      client.socket.end()
      await client.closed
      const answered = parseResponse(client.received)
      return answered ? `${answered.response.status}` : 'closed'
    }
    for (const _ of statuses) {
      const { status, headers } = await client.response()
      got.push(headers.has('retry-after') ? `${status} full` : `${status}`)
    }
  } catch {
    got.push(`${parseResponse(client.received)?.response.status ?? 'closed'}`)
  } finally {
    clearTimeout(timer)
    // Without the pause in which a port is not used again: there are not that many.
    client.socket.resetAndDestroy()
    await client.closed
  }
  return got.join(' ')
}

/** One datagram; gives `sent`. */
export function datagrams(port: number): { readonly send: (bytes: Uint8Array) => Promise<string>; close(): void } {
  const socket = createSocket('udp4')
  const send = (bytes: Uint8Array) =>
    new Promise<string>((resolve, reject) => {
      socket.send(bytes, port, '127.0.0.1', (error) => (error ? reject(error) : resolve('sent')))
    })
  return { send, close: () => socket.close() }
}
