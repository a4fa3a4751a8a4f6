/**
 * Requests at a node, from their arrival to their answer: how many are taken, when the replica sees them, and what becomes
 * of them at their deadline, be it that nobody has answered or that the answer waits for the disk.
 */
import { Arrivals } from './arrivals.ts'
import type { Command } from './command.ts'
import { HeldAnswers } from './held-answers.ts'
import type { NodeOptions } from './node-parts.ts'
import { OpenRequests } from './open-requests.ts'
import { Fifo } from './parts/fifo.ts'
import { type Asked, type Outcome, Request, type Respond, tell, type Urgency } from './request.ts'
import type { Clock, Log } from './seams.ts'

/** What a node does for its requests. */
export interface Admitting {
  readonly log: Log
  /** Whether the replica has started. */
  readonly isStarted: boolean
  /** Shows a request to the replica. */
  show(request: Request): void
  /** Handles an event in a turn. */
  enqueue(event: () => void): void
  /** Has outputs leave soon. */
  wake(): void
  /** Whether an output of this urgency has to wait for the disk now. */
  waits(urgency: Urgency): boolean
  /** Does something when an output of this urgency may leave; it keeps so many bytes. */
  output(action: () => void, urgency: Urgency, bytes: number): void
  /** Called when some were answered at their deadline. */
  onExpired(): void
}

/** See the file's head. */
export class Admission {
  readonly open: OpenRequests
  readonly #node: Admitting
  readonly #clock: Clock
  readonly #options: NodeOptions
  readonly #arrivals = new Arrivals()
  /** Those that came before the replica had started. */
  readonly #early = new Fifo<Request>()
  readonly #answers: HeldAnswers

  constructor(node: Admitting, clock: Clock, options: NodeOptions, peers: number) {
    this.#node = node
    this.#clock = clock
    this.#options = options
    this.open = new OpenRequests(clock, options.maxRequests, peers, (late) => this.#expire(late))
    this.#answers = new HeldAnswers(clock, (tellings) => {
      // Urgent: that nobody knows is true without any record.
      for (const telling of tellings) node.output(telling, 'urgent', 0)
      node.wake()
    })
  }

  /** Takes a client's request; `respond` is called exactly once. */
  submit(asked: Asked, respond: (outcome: Outcome) => void): void {
    const node = this.#node
    const timeoutMs = this.#options.requestTimeoutMs
    const deadline = this.#clock.now() + timeoutMs
    const give = (outcome: Outcome): void => tell(respond, outcome, node.log)
    const answer: Respond = (outcome, urgency) => {
      if (!node.waits(urgency)) node.output(() => give(outcome), urgency, 0)
      else node.output(this.#answers.hold(deadline, outcome, give), urgency, bytesOf(outcome))
    }
    this.admit(asked, timeoutMs, answer, false)
    node.wake()
  }

  /** Opens a request: refuses it if there are too many, else queues it for the replica. */
  admit(asked: Asked, timeoutMs: number, respond: Respond, forwarded: boolean): void {
    const { maxRequests, maxCommandBytes, requestTimeoutMs } = this.#options
    // Both refusals are urgent: nobody has seen the request.
    if (lengthOf(asked.command) > maxCommandBytes) {
      const reason = `key and value have more than ${maxCommandBytes} bytes, which no node can send on`
      respond({ ok: false, code: 'unsupported', reason }, 'urgent')
      return
    }
    if (this.open.full(forwarded)) {
      respond({ ok: false, code: 'overloaded', reason: `more than ${maxRequests} requests are open here` }, 'urgent')
      return
    }
    const deadline = this.#clock.now() + Math.min(timeoutMs, requestTimeoutMs)
    const request = new Request(asked, deadline, forwarded, (outcome, urgency) => {
      this.open.close(forwarded)
      respond(outcome, urgency)
    })
    this.open.add(request)
    if (this.#arrivals.add(request)) this.#node.enqueue(this.#onArrival)
    else this.#node.wake()
  }

  /** Answers all as at their deadline: when the node stops they would get no answer at all. */
  expire(): void {
    const when = 'before the node stopped'
    this.#expire(this.open.unanswered, when)
    this.#answers.lapse(Number.POSITIVE_INFINITY, when)
  }

  /** The replica has started, and sees those that came before. */
  onStart(): void {
    for (let request = this.#early.shift(); request; request = this.#early.shift()) this.#node.show(request)
  }

  readonly #onArrival = (): void => {
    const request = this.#arrivals.take()
    if (request && this.#node.isStarted) this.#node.show(request)
    else if (request) this.#early.push(request)
  }

  #expire(requests: readonly Request[], when = `within ${this.#options.requestTimeoutMs} ms`): void {
    for (const request of requests) request.lapse(when)
    this.#arrivals.prune()
    while (this.#early.peek()?.state === 'answered') this.#early.shift()
    this.#node.onExpired()
    this.#node.wake()
  }
}

/** What an answer keeps in memory while it waits. */
function bytesOf(outcome: Outcome): number {
  return outcome.ok ? (outcome.result.value?.length ?? 0) : 0
}

/** The most bytes that a command's key and value take in a message: three for each unit of UTF-16. */
function lengthOf({ key, value }: Command): number {
  return 3 * key.length + value.length
}
