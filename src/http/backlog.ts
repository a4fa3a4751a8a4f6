/**
 * The requests of one connection from when they are read until their answers have left, and a bound on how many there are.
 * One read holds thousands of short requests, and Node's parser makes objects of them all, a hundred times their bytes:
 * Node stops a socket, but not what was read of it. The parser itself can stop behind any headers. It then reports an error
 * with the bytes that follow, which are kept here as they are, and parsed when there is room.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { noteUpgrade, upgrades } from './upgrade.ts'

/** Answers leave in order, so that it is enough to hear of one in so many: requests are counted in parts. */
const PART = 16

/**
 * How many parts one connection may have; and a new one, and each where all together have more than `CROWD`. With half of that
 * it goes on. Fewer than two may not be: behind the last request's headers its body is not read.
 */
const PARTS = 8
const FEW_PARTS = 2
const CROWD = 1024

/** What is given to a parser that may have stopped behind the last byte of a request: only so does it end that. */
const NOTHING = Buffer.alloc(1).subarray(0, 0)

/** The parts of all connections of a server together. */
export interface Total {
  parts: number
}

/** What Node's parser takes for an order to stop, when its callback returns it, and the error by which it says that it has. */
const PAUSED = 21
const PAUSED_ERROR = 'HPE_PAUSED'

/** Node's parser, as far as it is used here; it hangs on its socket. */
interface Parser {
  onIncoming(request: IncomingMessage, keepAlive: boolean): number
  resume(): void
  execute(bytes: Buffer): unknown
}

type Parsed = Duplex & { readonly parser?: Parser | null }

/** What Node tells where a parser stops. */
export interface Stop extends Error {
  readonly code?: string
  readonly bytesParsed?: number
  readonly rawPacket?: unknown
}

/** See the file's head. */
export class Backlog {
  /** Whether there are as many as there may be. */
  isFull = false
  readonly #total: Total
  readonly #socket: Parsed
  readonly #onChange: () => void
  #begun = 0
  /** Those of which the last answer has not left. */
  #parts = 0
  /** Whether any has left: a new connection begins with few, since who is new is read before others. */
  #proven = false
  /** Whether nothing that comes is a request any more. */
  #ended = false
  /** Whether the parser has been told to stop, and whether it has. */
  #stopping = false
  #stopped = false
  #rest: Buffer | null = null

  /** @param onChange called when it is full, and when it is not any more */
  constructor(socket: Duplex, total: Total, onChange: () => void) {
    this.#socket = socket
    this.#total = total
    this.#onChange = onChange
    socket.once('close', () => this.#count(-this.#parts))
    const { parser } = this.#socket
    if (!parser) return
    const incoming = parser.onIncoming
    parser.onIncoming = (request, keepAlive) => {
      noteUpgrade(request)
      const verdict = incoming(request, keepAlive)
      // Node tells nothing of a stop behind a request to upgrade, which ends its connection anyway.
      this.#stopping = verdict === 0 && (this.isFull || this.#ended) && !upgrades(request)
      return this.#stopping ? PAUSED : verdict
    }
  }

  /** Adds a request that was read. */
  add(response: ServerResponse): void {
    this.#begun += 1
    if (this.#begun % PART > 0) return
    this.#count(1)
    response.once('close', () => {
      this.#proven = true
      if (!this.#socket.destroyed) this.#count(-1)
      if (this.#parts <= this.#most / 2) this.#set(false)
    })
    if (this.#parts >= this.#most) this.#set(true)
  }

  /** What was read and what comes is thrown away as it is. */
  end(): void {
    this.#ended = true
    this.#rest = null
  }

  /** Whether `error` only says that the parser has stopped as it was told; keeps what is behind. */
  takes({ code, bytesParsed, rawPacket }: Stop): boolean {
    if (code !== PAUSED_ERROR || !(rawPacket instanceof Buffer)) return false
    // What comes to a parser that stands still already is not looked at, whatever Node says of it.
    const rest = this.#stopping ? rawPacket.subarray(bytesParsed) : rawPacket
    this.#stopping = false
    this.#stopped = true
    if (!this.#ended) this.#rest = this.#rest ? Buffer.concat([this.#rest, rest]) : rest
    return true
  }

  /** The socket is read again, unless Node has stopped it by itself: what was kept comes first. */
  goOn(): void {
    if (!this.#stopped || this.#ended || this.#socket.isPaused()) return
    this.#stopped = false
    this.#socket.parser?.resume()
    const rest = this.#rest
    this.#rest = null
    if (rest?.length) this.#socket.unshift(rest)
    else this.#socket.parser?.execute(NOTHING)
  }

  get #most(): number {
    return this.#proven && this.#total.parts <= CROWD ? PARTS : FEW_PARTS
  }

  #count(parts: number): void {
    this.#parts += parts
    this.#total.parts += parts
  }

  #set(isFull: boolean): void {
    if (isFull === this.isFull) return
    this.isFull = isFull
    this.#onChange()
  }
}
