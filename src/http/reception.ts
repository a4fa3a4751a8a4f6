/**
 * How a server takes in connections and their requests: how much is read of one and of all together, what of Node's errors is
 * one, and when a client is cut off that takes nothing of its answers.
 */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { endWith, type ParserError } from './client-error.ts'
import { Connection } from './connection.ts'
import { asksToClose } from './guard.ts'
import { Intake } from './intake.ts'
import type { Response } from './responder.ts'
import { upgrades } from './upgrade.ts'

/** How long a client may take nothing of its answers. */
export const STALLED_MS = 10_000

/** What refuses bytes that are no request, or come too slowly. */
type Refuse = (this: FastifyInstance, error: ParserError, socket: Socket) => void

/** See the file's head. One per server, which has `stalledMs` as its time without anything that moves. */
export class Reception {
  readonly #intake = new Intake()
  readonly #total = { parts: 0 }
  readonly #onGone: (connection: Connection) => void

  /** @param onGone called with each connection that has gone */
  constructor(server: Server, stalledMs: number, onGone: (connection: Connection) => void = () => {}) {
    this.#onGone = onGone
    server.on('connection', (socket) => this.#add(socket))
    server.on('timeout', (socket: Socket) => cutDeaf(socket, stalledMs))
  }

  /** A request whose headers have arrived: its connection, or null where that has ended and this is none. */
  begin(response: Response): Connection | null {
    const connection = Connection.of(response.req.socket)
    if (!connection.begin(response)) return null
    this.#intake.begin(connection)
    // Upgrades are ignored, as HTTP allows, but Node drops what comes with such a request: nothing may follow it.
    if (upgrades(response.req) || (response.shouldKeepAlive && asksToClose(response.req))) {
      response.setHeader('Connection', 'close')
      connection.end()
    }
    return connection
  }

  #add(socket: Socket): void {
    const connection = Connection.of(socket)
    connection.bound(this.#total)
    this.#intake.add(connection)
    socket.once('close', () => {
      this.#intake.remove(connection)
      this.#onGone(connection)
    })
  }
}

/** Answers CONNECT, which Node would end without a word, with 405; `allow` gives the methods of its target. */
export function refuseConnect(server: Server, allow: (target: string) => string): void {
  server.on('connect', ({ url = '' }, socket) => {
    // Node takes its own listener away from a socket that it hands over, and an error without one ends the process.
    socket.on('error', () => {})
    endWith(socket, 405, 'this method is not allowed here', `Allow: ${allow(url)}\r\n`)
  })
}

/** Handles what Node takes for an error of the client: `refuse` does, unless the connection was only not read. */
export function errorHandler(refuse: Refuse, requestTimeoutMs: number): Refuse {
  return function onError(this: FastifyInstance, error: ParserError, socket: Socket): void {
    const connection = Connection.of(socket)
    if (connection.stopsBy(error)) return
    const { isFull, begun } = connection
    if (!isFull || error.code !== 'ERR_HTTP_REQUEST_TIMEOUT') {
      refuse.call(this, error, socket)
      return
    }
    // The rest of this request may be here, behind the stopped parser; Node does not look at it a second time.
    const again = () => connection.hasWhole(begun) || onError.call(this, error, socket)
    const timer = setTimeout(again, requestTimeoutMs).unref()
    socket.once('close', () => clearTimeout(timer))
  }
}

/**
 * Cuts off a client that takes nothing of what it is owed. Node looks at connections on which nothing has moved, and once
 * more where the network has taken some since the last look, so this takes up to twice the time. One whose request is in the
 * node, or still arrives, only waits, and has times of its own.
 */
function cutDeaf(socket: Socket, stalledMs: number): void {
  const { last } = Connection.of(socket)
  const waits = socket.writableLength === 0 && !last?.closed
  if (waits) socket.setTimeout(stalledMs)
  else socket.destroy()
}
