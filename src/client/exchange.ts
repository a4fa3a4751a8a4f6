/**
 * One HTTP request and its one answer, as undici's fastest entry `dispatch()` wants it. It knows whether the request
 * had begun to leave this machine, which is what decides between "certainly not applied" and "unknown". An answer that
 * would not end is cut off: undici's own bound is one for all requests of a connection, and histories need more.
 */
import type { Dispatcher } from 'undici'

/** A complete answer of a node, whatever its status. */
export interface Reply {
  readonly status: number
  /** Names and values in turn, as received. */
  readonly headers: readonly Buffer[]
  /** The whole body. */
  readonly body: Buffer
}

/** Who is told how an exchange ended: one of the two, once. */
export interface Receiver {
  /** The node answered. */
  onReply(reply: Reply): void
  /**
   * There is no answer.
   * @param sent whether any byte of the request may have reached the node
   * @param reason what happened, for a sentence: `connect ECONNREFUSED 127.0.0.1:8080`
   */
  onFailure(sent: boolean, reason: string): void
}

const EMPTY = Buffer.alloc(0)
const NOT_SENT = new Error('given up before it was sent')

/** See the file's head. Its timer runs from construction. */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #receiver: Receiver
  readonly #timeoutMs: number
  readonly #answerBytes: number
  #timer: NodeJS.Timeout | null
  #abort: (() => void) | null = null
  /** Why this end was the one to give up; empty while it has not. */
  #given = ''
  #status = 0
  #headers: readonly Buffer[] = []
  #body: Buffer = EMPTY
  #rest: Buffer[] | null = null
  #bytes = 0

  /** @param answerBytes the longest body that is read */
  constructor(receiver: Receiver, timeoutMs: number, answerBytes: number) {
    this.#receiver = receiver
    this.#timeoutMs = timeoutMs
    this.#answerBytes = answerBytes
    this.#timer = setTimeout(onTimeout, timeoutMs, this)
  }

  /** Called by undici just before it writes the request; throwing here means that nothing is written. */
  onConnect(abort: () => void): void {
    if (this.#timer === null) throw NOT_SENT
    this.#abort = abort
  }

  onHeaders(status: number, headers: Buffer[]): boolean {
    this.#status = status
    this.#headers = headers
    return true
  }

  onData(chunk: Buffer): boolean {
    this.#bytes += chunk.length
    if (this.#bytes > this.#answerBytes) {
      this.#giveUp(`the answer has more than ${this.#answerBytes} bytes`)
      return true
    }
    if (this.#body === EMPTY) this.#body = chunk
    else if (this.#rest) this.#rest.push(chunk)
    else this.#rest = [this.#body, chunk]
    return true
  }

  onComplete(): void {
    if (!this.#stopTimer()) return
    const body = this.#rest ? Buffer.concat(this.#rest) : this.#body
    this.#receiver.onReply({ status: this.#status, headers: this.#headers, body })
  }

  onError(error: Error): void {
    if (!this.#stopTimer()) return
    this.#receiver.onFailure(this.#abort !== null, this.#given || describe(error))
  }

  expire(): void {
    const lacking = this.#abort ? 'answer' : 'connection'
    this.#giveUp(`no ${lacking} within ${Math.round(this.#timeoutMs)} ms`)
  }

  /** After sending, the connection is cut and `onError` follows; before, undici cannot be told, so it ends here. */
  #giveUp(reason: string): void {
    this.#given = reason
    if (this.#abort) this.#abort()
    else this.onError(NOT_SENT)
  }

  /** False when the exchange had ended already. */
  #stopTimer(): boolean {
    if (this.#timer === null) return false
    clearTimeout(this.#timer)
    this.#timer = null
    return true
  }
}

function onTimeout(exchange: Exchange): void {
  exchange.expire()
}

/** Node reports a host with several addresses as an AggregateError whose own message is empty. */
function describe(error: Error): string {
  if (error.message) return error.message
  const inner: unknown = error instanceof AggregateError ? error.errors[0] : undefined
  return inner instanceof Error ? inner.message : error.name
}
