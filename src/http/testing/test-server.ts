/** Starts the REST front on a free port of the loopback, for one test at a time, and ends all it started. */
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { afterEach } from 'vitest'
import { createHttpServer, type HttpOptions } from '../server.ts'
import { FakeGateway } from './fake-gateway.ts'
import { RawClient, type RawResponse } from './raw-client.ts'

/** A running server with the fake node behind it. */
export interface TestServer {
  readonly app: FastifyInstance
  readonly gateway: FakeGateway
  readonly port: number
  /** A new connection, ended with the test; a half open one may go on sending when the server has ended its side. */
  client(allowHalfOpen?: boolean): RawClient
  /** One exchange on a connection of its own. */
  once(bytes: string | Uint8Array, bodiless?: boolean): Promise<RawResponse>
  /** Writes a key of its own and reads it back; throws when the server no longer serves well. */
  servesWell(): Promise<void>
}

const started: { app: FastifyInstance; clients: RawClient[] }[] = []

afterEach(async () => {
  for (const { app, clients } of started.splice(0)) {
    for (const client of clients) client.close()
    await app.close()
  }
})

/** Starts a server; it ends with the test. */
export async function startServer(options: HttpOptions = {}, gateway = new FakeGateway()): Promise<TestServer> {
  const app = createHttpServer(gateway, options)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const clients: RawClient[] = []
  started.push({ app, clients })
  const client = (allowHalfOpen = false): RawClient => {
    const made = new RawClient(port, allowHalfOpen)
    clients.push(made)
    return made
  }
  const once = async (bytes: string | Uint8Array, bodiless = false): Promise<RawResponse> => {
    const one = client()
    const response = await one.exchange(bytes, bodiless)
    one.close()
    return response
  }
  const servesWell = async (): Promise<void> => {
    const key = '987654321'
    const one = client()
    const written = await one.exchange(`PUT /${key} HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\ngood`)
    const read = await one.exchange(`GET /${key} HTTP/1.1\r\nHost: x\r\n\r\n`)
    one.close()
    if (written.status !== 200 || read.status !== 200 || read.body.toString() !== 'good') {
      throw new Error(`the next good request got ${written.status}, ${read.status} and "${read.body}"`)
    }
  }
  return { app, gateway, port, client, once, servesWell }
}

/** A request of one line and these headers, `Host` included. */
export function request(line: string, headers: Readonly<Record<string, string>> = {}, body = ''): string {
  const lines = [`${line} HTTP/1.1`, 'Host: x', ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)]
  if (body !== '') lines.push(`Content-Length: ${Buffer.byteLength(body, 'latin1')}`)
  return `${lines.join('\r\n')}\r\n\r\n${body}`
}
