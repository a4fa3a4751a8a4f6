/** Sends bad input many times, on few connections at a time, and counts what came back. */
import { createSocket } from 'node:dgram'
import { parseResponse, RawClient } from '../../src/http/testing/raw-client.ts'
import type { RestRow } from './rest-rows.ts'

const LANES = 32
const PATIENCE_MS = 15_000

/** How often each outcome came. */
export type Outcomes = Map<string, number>

/** Plays something so many times, some at a time. */
export async function repeat(times: number, once: () => Promise<string>): Promise<Outcomes> {
  const outcomes: Outcomes = new Map()
  let left = times
  const lane = async () => {
    while (left-- > 0) {
      const outcome = await once()
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  return outcomes
}

/** One client sends the row's bytes and reads its answers; gives their statuses. */
export async function playRest(port: number, { bytes, statuses }: RestRow): Promise<string> {
  const client = new RawClient(port)
  client.send(bytes)
  const got: number[] = []
  const timer = setTimeout(() => client.close(), PATIENCE_MS)
  try {
    if (statuses.length === 0) await new Promise((resolve) => client.socket.write('', resolve))
    for (const _ of statuses) got.push((await client.response()).status)
  } catch {
    const rest = parseResponse(client.received)
    got.push(rest?.response.status ?? 0)
  } finally {
    clearTimeout(timer)
    // Without the pause in which a port is not used again: there are not that many.
    client.socket.resetAndDestroy()
    await client.closed
  }
  return got.join(' ') || 'gone'
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
