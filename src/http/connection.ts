/**
 * The requests of one connection. The last ones: when bytes stop being HTTP, or stop coming, a refusal must not be taken
 * for the answer of an earlier request, which may well have been applied. And the one whose body is arriving: pipelined
 * requests behind it wait, so that they reach the node in the order in which they were sent. So do those behind one that
 * waits at the door (`door.ts`) or for those before it to be answered (`lane.ts`), and those behind answers of which too much
 * is not yet taken (`answers.ts`); while that is so the connection is not read, and what its client sends stays in the
 * network. Nor is it read while too many were read whose answers have not left (`backlog.ts`).
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { Fifo } from '../parts/fifo.ts'
import { Backlog, type Stop, type Total } from './backlog.ts'
import type { Door } from './door.ts'
import type { Lane } from './lane.ts'

/** Beyond so many bytes of large answers that its client has not taken, nothing more is done for it. */
const MOST_OWED = 1024 * 1024

const STATE = Symbol('connection')

interface Tracked {
  [STATE]?: Connection
}

/** How what arrived last is refused. */
export interface Refusing {
  /** Whether the client may be told: else it would take the refusal for the answer of what it has sent whole. */
  readonly told: boolean
  /** The answer that must have left before; null when there is none. */
  readonly after: ServerResponse | null
}

/** The requests of one connection. */
export class Connection {
  /** The answer of the request begun last, and of the one before; given, perhaps, and perhaps sent. */
  #last: ServerResponse | null = null
  #before: ServerResponse | null = null
  /** The request that was refused for what came, or did not come, of its body. */
  #refused: IncomingMessage | null = null
  #reading = false
  /** Whether what arrives from now on is no request: the last answer is decided. */
  #ended = false
  /** The request that waits, at the door or before that for its lane. */
  #resting: (() => void) | null = null
  /** Whether it waits for its lane. */
  #yields = false
  /** How many of its requests are in the node, and by which lane they went. */
  #inside = 0
  #lane: Lane = 'log'
  /** Whether it is not read for what waits at the door, and for the others' sake. */
  #held = false
  #paused = false
  #owed = 0
  /** Whether it has gone, and what it was owed is counted no more. */
  #forgiven = false
  #handing = false
  #stopped = false
  /** How often it was stopped. */
  stops = 0
  /** How many requests have begun. */
  begun = 0
  /** Whether it is its turn at the door, with all that was read of it: answers to a whole batch cost less than to each. */
  awake = false
  /** Whether nothing that was read of it waits any more at the door: the first of that has waited long enough. */
  hurried = false
  /** Whether it stands in line at the door, be it for a request or unread. */
  inLine = false
  /** Whether it is read since it is its turn, after it had waited unread. */
  called = false
  /** Whether a request has come since it last stood in line unread: who sends nothing need not be asked in turn. */
  #heard = false
  /** The door at which it has waited before. */
  #door: Door | null = null
  /** What bounds the number of requests that were read; null where they are all handled at once. */
  #backlog: Backlog | null = null
  readonly #waiting = new Fifo<() => void>()
  readonly #socket: Duplex

  constructor(socket: Duplex) {
    this.#socket = socket
  }

  /** The connection that `socket` carries. */
  static of(socket: Duplex): Connection {
    return ((socket as Tracked)[STATE] ??= new Connection(socket))
  }

  /** No more is read of it from now on than its backlog takes. */
  bound(total: Total): void {
    this.#backlog = new Backlog(this.#socket, total, () => this.#look())
  }

  /** Whether `error` says nothing but that its backlog is full. */
  stopsBy(error: Stop): boolean {
    return this.#backlog?.takes(error) ?? false
  }

  /** Whether it is not read until answers have left. */
  get isFull(): boolean {
    return this.#backlog?.isFull ?? false
  }

  /** Notes a request whose headers have arrived; false on an ended connection, where it is none. */
  begin(response: ServerResponse): boolean {
    if (this.#ended) {
      response.req.resume()
      this.#backlog?.end()
      return false
    }
    this.#backlog?.add(response)
    this.#heard = true
    this.begun += 1
    this.#before = this.#last
    this.#last = response
    return true
  }

  /** No request that begins from now on is handled. */
  end(): void {
    this.#ended = true
  }

  /** Nor is any behind the present one. */
  cut(): void {
    this.end()
    while (this.#waiting.size > 0) this.#waiting.shift()
  }

  /**
   * Ends it for what has not arrived as a whole: that is never handled, whatever may still come. What has is answered as
   * it would be anyway. Null on a connection that has ended already, unless its last request still arrives.
   */
  refuse(): Refusing | null {
    const last = this.#last
    if (this.#ended && (last === null || last.req.complete || last.headersSent || this.#refused !== null)) return null
    this.end()
    if (last === null || last.req.complete) return { told: true, after: last }
    // It was answered without its body.
    if (last.headersSent) return { told: false, after: last }
    this.#refused = last.req
    last.req.resume()
    return { told: true, after: this.#before }
  }

  /** Whether `request` was refused although its body may still arrive. */
  hasRefused(request: IncomingMessage): boolean {
    return request === this.#refused
  }

  /** Calls `next` once no earlier request's body is arriving and none waits, mostly at once; not if it is refused before. */
  inTurn(request: IncomingMessage, next: () => void): void {
    if (!this.#blocked && this.#waiting.size === 0) {
      next()
      return
    }
    this.#waiting.push(() => {
      if (!this.hasRefused(request)) next()
    })
    if (this.#resting || this.#isLaden) this.#hold()
  }

  /** Counts bytes that it is owed; false when it has gone, and is owed nothing any more. */
  owe(bytes: number): boolean {
    if (this.#forgiven) return false
    this.#owed += bytes
    return true
  }

  /** Counts them off, and does what has waited for that; one that stands in line goes on when it is its turn. */
  pay(bytes: number): void {
    const wasLaden = this.#isLaden
    this.#owed -= bytes
    const waits = this.#held || this.#waiting.size > 0
    if (wasLaden && !this.#isLaden && waits && !this.inLine) this.#handOn()
  }

  /** The bytes of large answers, expected or given, that its client has not taken. */
  get owed(): number {
    return this.#owed
  }

  get isForgiven(): boolean {
    return this.#forgiven
  }

  /** It has gone, and is owed nothing from now on; gives what it was. */
  forgive(): number {
    const owed = this.#owed
    this.#forgiven = true
    this.#owed = 0
    return owed
  }

  /** A request's body begins to be read. */
  beginBody({ complete }: IncomingMessage): void {
    this.#reading = true
    if (!complete) this.#release()
  }

  /** That body was read and its request handled: those behind it go on. */
  endBody(): void {
    this.#reading = false
    this.#handOn()
  }

  /** Nothing behind its present request is handled until `wake`, which begins with `enter`. */
  rest(enter: () => void, door: Door): void {
    this.#door = door
    this.awake = false
    this.called = false
    this.#wait(enter)
  }

  /** It is its turn at the door; what waits for its lane comes there later. */
  wake(hurried: boolean): void {
    this.awake = true
    this.hurried = hurried
    if (!this.#yields) this.#goOn()
  }

  /** Whether a request of this lane may go into the node, beside those that are there. */
  admits(lane: Lane): boolean {
    return this.#inside === 0 || (lane === this.#lane && lane !== 'alone')
  }

  /**
   * Nothing behind its present request is handled until those in the node are answered, which begins with `next`. They are
   * within their deadline, and so this ends.
   */
  yield(next: () => void): void {
    this.#yields = true
    this.#wait(next)
  }

  /** A request goes into the node by this lane. */
  enter(lane: Lane): void {
    this.#lane = lane
    this.#inside += 1
  }

  /** One was answered. */
  leave(): void {
    this.#inside -= 1
    if (this.#inside > 0 || !this.#yields) return
    this.#yields = false
    this.#goOn()
  }

  /** It is its turn with what its client has sent while it waited unread, until `endCall`. */
  call(hurried: boolean): void {
    if (this.#socket.destroyed) return
    this.awake = true
    this.hurried = hurried
    this.called = true
    this.#release()
  }

  /** That was read, if there was any. */
  endCall(): void {
    if (!this.called) return
    this.called = false
    this.#handOn()
  }

  /** Is not read until `unpause`: others have their turn. */
  pause(): void {
    this.#paused = true
    this.#look()
  }

  unpause(): void {
    this.#paused = false
    this.#look()
  }

  /** The answer of the request begun last. */
  get last(): ServerResponse | null {
    return this.#last
  }

  /** Whether it is not read, for others' sake or for what waits at the door. */
  get stopped(): boolean {
    return this.#stopped
  }

  /** Whether it is not read for what waits of it, at the door, for its lane or for its answers to be taken. */
  get isHeld(): boolean {
    return this.#held
  }

  /** Whether its request of that number, from 1, has arrived as a whole. */
  hasWhole(number: number): boolean {
    return this.begun > number || (this.begun === number && this.#last !== null && this.#last.req.complete)
  }

  /** How many requests were read of it and are not handled yet. */
  get unhandled(): number {
    return this.#waiting.size + Number(this.#resting !== null)
  }

  get #blocked(): boolean {
    return this.#reading || this.#resting !== null || this.#isLaden
  }

  get #isLaden(): boolean {
    return this.#owed > MOST_OWED
  }

  #wait(next: () => void): void {
    this.#resting = next
    if (this.#waiting.size > 0) this.#hold()
  }

  /** Ends its rest. A client that has gone away meanwhile is owed nothing, and nothing is done for it. */
  #goOn(): void {
    const next = this.#resting
    this.#resting = null
    if (this.#socket.destroyed) return
    next?.()
    this.#handOn()
  }

  #handOn(): void {
    // What is handed on may be answered at once, which hands on the next: that is done here, in the loop.
    if (this.#handing) return
    this.#handing = true
    try {
      while (!this.#blocked && this.#waiting.size > 0) this.#waiting.shift()!()
    } finally {
      this.#handing = false
    }
    if (this.#isLaden && this.#waiting.size > 0) this.#hold()
    if (this.#blocked || this.#waiting.size > 0 || this.called) return
    this.awake = false
    this.hurried = false
    const heard = this.#heard
    this.#heard = false
    if (heard && !this.#socket.destroyed && this.#door?.lineUp(this)) this.#hold()
    else this.#release()
  }

  #hold(): void {
    this.#held = true
    this.#look()
  }

  #release(): void {
    this.#held = false
    this.#look()
  }

  /** Stops or goes on reading, as it should be now. */
  #look(): void {
    const stopped = this.#held || this.#paused || this.isFull
    if (stopped === this.#stopped) return
    this.#stopped = stopped
    if (!stopped) {
      this.#socket.resume()
      return
    }
    if (this.stops === 0) this.#socket.on('resume', () => this.#resumed())
    this.stops += 1
    this.#socket.pause()
  }

  /** Node's parser resumes the socket behind each request that it has read. */
  #resumed(): void {
    if (!this.#stopped) this.#backlog?.goOn()
    // Paused before this was told: Node has begun to read all the same, and pausing twice tells it nothing.
    else if (this.#socket.isPaused()) this.#socket.emit('pause')
    else this.#socket.pause()
  }
}
