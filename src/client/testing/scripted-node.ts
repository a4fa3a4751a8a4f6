/** Scripted nodes: raw loopback sockets that answer byte for byte what a test says, and clients of them. */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { expect } from 'vitest'
import { SynodError } from '../../errors.ts'
import { Client, type ClientOptions } from '../client.ts'

/** What a node does about a request, the so many-th. */
export type Script = (request: string, socket: Socket, count: number) => void

/** A raw loopback socket that does what a test says. */
export interface ScriptedNode {
  readonly url: string
  readonly requests: string[]
  readonly sockets: Set<Socket>
  /** The most sockets that were open at once. */
  peak: number
}

/** What is left to be closed. */
export const cleanups: (() => Promise<unknown>)[] = []

/** To be called after each test. */
export async function closeAll(): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
}

/** Starts a node on a free port. */
export async function scriptedNode(script: Script): Promise<ScriptedNode> {
  const node: ScriptedNode & { url: string } = { url: '', requests: [], sockets: new Set(), peak: 0 }
  const server = createServer((socket) => {
    node.sockets.add(socket)
    node.peak = Math.max(node.peak, node.sockets.size)
    socket.on('close', () => node.sockets.delete(socket))
    socket.on('error', () => {})
    let pending = ''
    socket.on('data', (chunk) => {
      pending += chunk.toString('latin1')
      for (;;) {
        const end = pending.indexOf('\r\n\r\n')
        if (end < 0) return
        const length = Number(/content-length: (\d+)/i.exec(pending.slice(0, end))?.[1] ?? 0)
        if (pending.length < end + 4 + length) return
        const request = pending.slice(0, end + 4 + length)
        pending = pending.slice(end + 4 + length)
        script(request, socket, node.requests.push(request))
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  node.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  cleanups.push(async () => {
    for (const socket of node.sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  })
  return node
}

/** The url of a port on which nothing listens. */
export async function nowhere(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return `http://127.0.0.1:${port}`
}

/** A client that is closed after the test. */
export function clientOf(options: ClientOptions): Client {
  const client = new Client(options)
  cleanups.push(() => client.close())
  return client
}

/** An answer byte for byte. */
export function answer(status: string, body = '', headers = ''): string {
  return `HTTP/1.1 ${status}\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

/** The error with which something fails. */
export async function errorOf(promise: Promise<unknown>): Promise<SynodError> {
  const error = await promise.then(
    () => new Error('it succeeded'),
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(SynodError)
  return error as SynodError
}
