/** Two scripted nodes and a key-value client of them. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SynodError } from '../../errors.ts'
import { type AttemptOptions, KeyValueClient } from '../index.ts'

/** A request as it came. */
export interface Asked {
  readonly node: string
  readonly line: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** Answers a request, or destroys its socket: `[status, body, headers]`, or null. */
export type Script = (asked: Asked, count: number) => Scripted | Promise<Scripted>
export type Scripted = [number, string?, Record<string, string>?] | null

const cleanups: (() => Promise<unknown>)[] = []

/** To be called after each test. */
export async function closeAll(): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
}

async function listen(node: string, asked: Asked[], script: Script): Promise<string> {
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    const one = { node, line: `${request.method} ${request.url}`, headers: request.headers, body }
    const told = await script(one, asked.push(one))
    if (!told) request.socket.destroy()
    else response.writeHead(told[0], { Cid: request.headers.cid ?? '', ...told[2] }).end(told[1] ?? '')
  }
  const server = createServer((request, response) => void answer(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A client of two nodes, the first of them asked first. */
export async function pair(script: Script, options: Partial<AttemptOptions> = {}) {
  const asked: Asked[] = []
  const nodes = { a: await listen('a', asked, script), b: await listen('b', asked, script) }
  const client = new KeyValueClient({ nodes, id: 'a', random: () => 0, ...options })
  cleanups.push(() => client.close())
  return { asked, client }
}

/** A script that opens a session and leaves the writes to another one. */
export function inSession(script: Script): Script {
  return (asked, count) =>
    asked.line === 'POST /session' ? [201, '{"session":"7-0000000a"}'] : script(asked, count - 1)
}

/** The error with which something fails. */
export async function failureOf(promise: Promise<unknown>): Promise<SynodError> {
  try {
    await promise
  } catch (error) {
    if (error instanceof SynodError) return error
    throw error
  }
  throw new Error('no failure')
}
