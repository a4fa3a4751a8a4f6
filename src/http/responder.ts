/**
 * Writes answers, all of them: straight to Node's response, with every header known, since this is the hot path.
 * It also counts the requests inside the node, so that closing can wait for them.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Command } from '../command.ts'
import { ERRORS } from '../errors.ts'
import { NO_PROPERTIES, type Outcome, type ReadMode, type Result } from '../request.ts'
import { Answers } from './answers.ts'
import { Bodies, type Overflow } from './bodies.ts'
import { readBody } from './body.ts'
import { Connection } from './connection.ts'
import { Door } from './door.ts'
import type { Gateway } from './gateway.ts'
import type { Identity } from './guard.ts'
import { type Lane, laneOf } from './lane.ts'
import { mediaType } from './media-type.ts'
import { writePieces } from './pieces.ts'
import type { Present } from './present.ts'
import { propertiesOf } from './properties.ts'

/** A request's response as Node made it. */
export type Response = ServerResponse<IncomingMessage>

/** Values up to this size are joined with their headers into one write. */
const SMALL = 4096

/** How long a client that sends too much may take to read its refusal. */
const LINGER_MS = 1000

const TEXT = 'text/plain; charset=utf-8'

/** What is refused beyond. */
export interface Bounds {
  /** How long a request waits for room in a node that is full. */
  readonly patienceMs: number
  /** The longest body. */
  readonly bodyLimit: number
  /** What the bodies of open requests may have together, and as much again large answers that are not yet taken. */
  readonly openLimit: number
}

/** See the file's head. One per server. */
export class Responder {
  /** Whether the server closes: from then on the last answer of each connection ends it. */
  closing = false
  readonly #gateway: Gateway
  readonly #door: Door
  readonly #bodies: Bodies
  readonly #answers: Answers
  /** Requests that the node has not answered. */
  #inside = 0
  /** The last answers of connections that have some given and perhaps not yet sent. */
  readonly #leaving = new Set<Response>()
  /** While closing: looks whether anything is left. */
  #progress: (() => void) | null = null
  #ballot = -1
  #ballotText = ''

  constructor(gateway: Gateway, bounds: Bounds) {
    this.#gateway = gateway
    this.#bodies = new Bodies(bounds.bodyLimit, bounds.openLimit)
    this.#answers = new Answers(bounds.openLimit)
    this.#door = new Door(() => (this.closing ? Number.POSITIVE_INFINITY : gateway.room), bounds.patienceMs)
  }

  /** Reads the body of a request; refuses it for one that is too long, and one for which there is no room. */
  read(response: Response, done: (body: Uint8Array) => void): void {
    readBody(response.req, this.#bodies, (body) => {
      if (body instanceof Uint8Array) done(body)
      else this.#refuseBody(response, body)
    })
  }

  /** Submits a command and answers with what becomes of it; without `present`, with 200 and the value. */
  submit(
    command: Command,
    read: ReadMode,
    identity: Identity,
    response: Response,
    present: Present | null = null,
  ): void {
    const connection = Connection.of(response.req.socket)
    const bytes = command.value.length
    this.#bodies.add(bytes)
    const lane = laneOf(command, read, this.#gateway.offers.order)
    const isNext = connection.admits(lane)
    if (isNext && this.#door.isOpen(connection)) {
      this.#enter(command, read, lane, identity, response, present)
      return
    }
    const { socket } = response.req
    const gone = () => this.#bodies.remove(bytes)
    socket.once('close', gone)
    const enter = () => {
      socket.off('close', gone)
      this.#enter(command, read, lane, identity, response, present)
    }
    if (isNext) this.#door.wait(connection, enter)
    else connection.yield(() => (this.#door.isOpen(connection) ? enter() : this.#door.wait(connection, enter)))
  }

  #enter(
    command: Command,
    read: ReadMode,
    lane: Lane,
    identity: Identity,
    response: Response,
    present: Present | null,
  ): void {
    const bytes = command.value.length
    if (this.closing) {
      this.#bodies.remove(bytes)
      this.shuttingDown(response)
      return
    }
    // What a write answers with is the value before it.
    const expected = this.#gateway.lengthOf(command.key)
    if (!this.hasRoom(response, expected)) {
      this.#bodies.remove(bytes)
      return
    }
    const connection = Connection.of(response.req.socket)
    this.#answers.expect(connection, expected)
    this.#inside += 1
    connection.enter(lane)
    const settle = (outcome: Outcome, shown: Present | null): void => {
      this.#bodies.remove(bytes)
      this.#settle(outcome, read, identity, response, shown)
      this.#answers.forget(connection, expected)
      connection.leave()
    }
    const properties = this.#gateway.offers.properties ? propertiesOf(response.req) : NO_PROPERTIES
    try {
      this.#gateway.submit(command, read, (outcome) => settle(outcome, present), properties)
    } catch (error) {
      settle({ ok: false, code: 'internal', reason: sentenceOf(error) }, null)
    }
  }

  /** A connection has gone, with all that it was owed. */
  forget(connection: Connection): void {
    this.#answers.remove(connection)
    // Answers that wait behind others are not told when their connection dies.
    for (const response of this.#leaving) if (response.req.socket.destroyed) this.#leaving.delete(response)
  }

  /** Refuses a request that arrives while the server closes: nothing was applied. */
  shuttingDown(response: Response): void {
    this.sentence(response, 503, 'this node is shutting down')
  }

  /** Answers with one sentence, as errors do. `headers` are further names and values, in turn. */
  sentence(response: Response, status: number, sentence: string, headers: string[] = []): void {
    headers.push('Content-Type', TEXT, 'X-Content-Type-Options', 'nosniff')
    this.text(response, status, `${sentence}\n`, headers)
  }

  /** Answers with a text, or the bytes of a page, for which there must be room where they are long. The `headers` name its type. */
  text(response: Response, status: number, body: string | Uint8Array, headers: string[] = []): void {
    const bytes = Buffer.byteLength(body)
    if (!this.hasRoom(response, bytes)) return
    headers.push('Content-Length', String(bytes))
    if (!this.#begin(response, status, headers)) return
    this.#answers.give(response, bytes)
    if (typeof body === 'string') response.end(body)
    else this.#end(response, body)
    if (bytes > SMALL) this.#await(Connection.of(response.req.socket).last ?? response)
  }

  /** Answers with a text of so many bytes, one for each character, that is made in pieces as it is taken. */
  pieces(response: Response, status: number, bytes: number, pieces: Iterator<string, void>, headers: string[]): void {
    if (!this.hasRoom(response, bytes)) return
    headers.push('Content-Length', String(bytes))
    if (!this.#begin(response, status, headers)) return
    this.#answers.give(response, bytes)
    if (response.req.method === 'HEAD') response.end()
    else writePieces(response, pieces)
    if (bytes > SMALL) this.#await(Connection.of(response.req.socket).last ?? response)
  }

  /** Whether there is room for an answer of so many bytes; refuses the request where there is none. */
  hasRoom(response: Response, bytes: number): boolean {
    if (this.#answers.hasRoom(bytes)) return true
    this.sentence(response, 503, this.#answers.reason, ['Retry-After', '1'])
    return false
  }

  /**
   * Refuses a body that is not read. The answer is complete at once, but the connection stays for a moment in which
   * what still arrives is thrown away: closing it with unread bytes would destroy the answer on its way.
   */
  #refuseBody(response: Response, { status, reason, headers: told }: Overflow): void {
    const body = `${reason}\n`
    const headers = [...told, 'Content-Type', TEXT, 'X-Content-Type-Options', 'nosniff', 'Connection', 'close']
    headers.push('Content-Length', String(body.length))
    if (!this.#begin(response, status, headers)) return
    Connection.of(response.req.socket).cut()
    response.write(body)
    const end = (): void => {
      clearTimeout(timer)
      response.end()
    }
    const timer = setTimeout(end, LINGER_MS)
    response.req.once('close', end)
    // Nothing more arrives from a client that has ended its side.
    response.req.socket.once('end', end)
    response.req.resume()
  }

  /**
   * Begins to close: `onAnswered` is called once no request is inside the node, then `onSent` once the answers have left.
   */
  close(onAnswered: () => void, onSent: () => void): void {
    this.closing = true
    this.#door.admit()
    let answered = false
    this.#progress = () => {
      if (this.#inside > 0) return
      if (!answered) onAnswered()
      answered = true
      if (this.#leaving.size > 0) return
      this.#progress = null
      onSent()
    }
    this.#progress()
  }

  /** While closing: looks whether that was the last thing left. */
  look(): void {
    this.#progress?.()
  }

  /** Whether this answer is the last of its connection, since the server closes. Those before it are still on their way. */
  isLast(response: Response): boolean {
    if (!this.closing) return false
    const connection = Connection.of(response.req.socket)
    if (connection.last !== response) return false
    connection.end()
    return true
  }

  #settle(outcome: Outcome, read: ReadMode, identity: Identity, response: Response, present: Present | null): void {
    if (outcome.ok) {
      const headers = ['Id', identity.clientId, 'Cid', identity.commandId]
      const { position } = outcome
      if (position) {
        const slot = String(position.slot)
        headers.push('Slot', slot, 'Ballot', this.#format(position.ballot), 'Execute', slot)
      }
      // To Paxi's clients `true` says that a newer value may be on its way, as it may be for a read that asks nobody.
      if (read !== '') headers.push('Inprogress', String(read === 'any'))
      const told = present?.(outcome.result, headers)
      if (told && told.body !== null) this.text(response, told.status, told.body, headers)
      else this.#value(response, outcome.result, headers)
    } else {
      const headers = ['Id', identity.clientId, 'Cid', identity.commandId]
      if (outcome.code === 'overloaded') headers.push('Retry-After', '1')
      this.sentence(response, ERRORS[outcome.code].status, outcome.reason, headers)
    }
    this.#inside -= 1
    this.#door.admit()
    // Node counts a connection as idle while the rest of a large answer is still on its way.
    const slow = this.closing || (outcome.ok && outcome.result.value !== null && outcome.result.value.length > SMALL)
    if (slow) this.#await(Connection.of(response.req.socket).last ?? response)
    this.#progress?.()
  }

  #await(last: Response): void {
    if (last.closed || this.#leaving.has(last)) return
    this.#leaving.add(last)
    last.once('close', () => {
      this.#leaving.delete(last)
      this.#progress?.()
    })
  }

  #value(response: Response, result: Result, headers: string[]): void {
    const { value } = result
    if (value === null || value.length === 0) {
      headers.push('Content-Length', '0')
      if (this.#begin(response, 200, headers)) response.end()
      return
    }
    headers.push('Content-Length', String(value.length), 'Content-Type', mediaType(value))
    if (!this.#begin(response, 200, headers)) return
    this.#answers.give(response, value.length)
    if (value.length <= SMALL) {
      response.end(latin1(value), 'latin1')
      return
    }
    this.#end(response, value)
  }

  #end(response: Response, body: Uint8Array): void {
    // Node puts the head of such an answer before all that waits behind others, also before the word to go on.
    if (response.req.headers.expect !== undefined) response.flushHeaders()
    response.end(body)
  }

  /** Writes the head; false when there is nobody to answer, or an answer already. */
  #begin(response: Response, status: number, headers: string[]): boolean {
    if (response.headersSent || response.destroyed) return false
    if (this.isLast(response) && !headers.includes('Connection')) headers.push('Connection', 'close')
    response.writeHead(status, headers)
    return true
  }

  /** Ballots change far less often than they are printed. */
  #format(ballot: number): string {
    if (ballot !== this.#ballot) {
      this.#ballot = ballot
      this.#ballotText = this.#gateway.ballots.format(ballot)
    }
    return this.#ballotText
  }
}

/** One character per byte. */
function latin1(bytes: Uint8Array): string {
  const buffer = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  return buffer.toString('latin1')
}

/** The sentence of something thrown. */
export function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
