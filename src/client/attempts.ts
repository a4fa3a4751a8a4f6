/**
 * Tries a request at one node after the other until one answers. A definite refusal is always tried again elsewhere;
 * an unknown outcome only where the request may be repeated without harm: a read, or a write in a session.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { ERRORS, type ErrorCode, SynodError } from '../errors.ts'
import { Connections, type Outgoing } from './connections.ts'
import { Deadline, milliseconds } from './deadline.ts'
import type { Reply } from './exchange.ts'
import { failure, type RefusedError, type UnknownOutcomeError } from './outcomes.ts'
import { header, refusal, silence } from './replies.ts'

/** How a `KeyValueClient` behaves. Times are above 0 and at most 2^31 - 1 ms, as long as a timer can wait. */
export interface AttemptOptions {
  /** Url of each node by its id. */
  readonly nodes: Readonly<Record<string, string>>
  /** The node to try first; without it a random one. */
  readonly id?: string
  /** How long a request may take with all its attempts; 10 s by default. */
  readonly timeoutMs?: number
  /** How long one attempt may take; 3 s by default. */
  readonly attemptMs?: number
  /** The most attempts of one request; 10 by default. 1 is no retry. */
  readonly attempts?: number
  /** The most connections per node; 16 by default. */
  readonly connections?: number
  /** The longest answer that is read, 64 MiB by default: to be raised where `limits.body_bytes` is more. Beyond it an attempt has failed. */
  readonly answerBytes?: number
  /** A random number in [0, 1), which picks nodes and pauses. */
  readonly random?: () => number
}

/** A request as it may be repeated. */
export interface Repeatable extends Outgoing {
  /** Whether it does no harm to repeat it when nobody knows what became of it. */
  readonly repeatable: boolean
  /** The statuses that are answers, not failures. */
  readonly answers: readonly number[]
  /** Where it stands in its session. */
  readonly place?: Place
}

/** The place of a write in its session, which each attempt tells anew. */
export interface Place {
  /** Names and values in turn. */
  headers(): readonly string[]
  /** Told why an attempt has failed. */
  onFailure(code: ErrorCode): void
  /** Waits until another attempt may be sent; false when the deadline comes first. */
  again(deadline: Deadline): Promise<boolean>
}

/** What a request came to, and the node that answered. */
export interface Answered {
  readonly node: string
  readonly reply: Reply
}

const FIRST_PAUSE_MS = 20

export class Attempts {
  readonly #connections: Connections
  readonly #first: string | null
  readonly #timeoutMs: number
  readonly #attemptMs: number
  readonly #attempts: number
  readonly #random: () => number
  #cid = 0

  /** @throws SynodError `config` when the options make no sense */
  constructor(options: AttemptOptions) {
    const { connections = 16, answerBytes } = options
    this.#connections = new Connections(options.nodes, { connections, answerBytes })
    this.#first = options.id ?? null
    this.#timeoutMs = milliseconds('timeoutMs', options.timeoutMs ?? 10_000)
    this.#attemptMs = milliseconds('attemptMs', options.attemptMs ?? 3_000)
    this.#attempts = positive('attempts', options.attempts ?? 10)
    this.#random = options.random ?? Math.random
    if (this.#first !== null && !this.nodes.includes(this.#first))
      throw new SynodError('config', `no node ${this.#first}; known are ${this.nodes.join(', ')}`)
  }

  get nodes(): readonly string[] {
    return this.#connections.nodes
  }

  /**
   * The deadline of a request that begins now.
   * @param timeoutMs how long it may take; without it as long as requests of this client may
   * @throws SynodError `config` when no timer can wait so long
   */
  deadline(timeoutMs: number | undefined): Deadline {
    return new Deadline(timeoutMs === undefined ? this.#timeoutMs : milliseconds('timeoutMs', timeoutMs))
  }

  /**
   * Tries a request until a node answers it.
   * @throws RefusedError, UnknownOutcomeError
   */
  async run(request: Repeatable, deadline: Deadline): Promise<Answered> {
    const { method, path, body, answers, place } = request
    const identity = ['Id', '', 'Cid', String(++this.#cid), ...request.headers]
    const { nodes } = this
    let at = this.#first === null ? Math.floor(this.#random() * nodes.length) : nodes.indexOf(this.#first)
    let doubt = false
    for (let attempt = 1; ; attempt++, at++) {
      const outgoing = { method, path, body, headers: [...identity, ...(place?.headers() ?? [])] }
      const patience = Math.max(1, Math.min(this.#attemptMs, deadline.leftMs))
      try {
        return await this.#exchange(nodes[at % nodes.length]!, outgoing, answers, patience)
      } catch (error) {
        if (!(error instanceof SynodError)) throw error
        doubt ||= !ERRORS[error.code].definite
        place?.onFailure(error.code)
        const again = mayRepeat(error, request.repeatable) && attempt < this.#attempts
        const pause = FIRST_PAUSE_MS * 2 ** Math.min(attempt - 1, 5) * (0.5 + this.#random())
        if (!again || deadline.leftMs <= pause) throw failed(error, doubt, attempt)
        await sleep(pause)
        if (place && !(await place.again(deadline))) throw failed(error, doubt, attempt)
      }
    }
  }

  async close(): Promise<void> {
    await this.#connections.close()
  }

  #exchange(node: string, request: Outgoing, answers: readonly number[], timeoutMs: number): Promise<Answered> {
    this.#connections.requireOpen()
    return new Promise((resolve, reject) => {
      this.#connections.send(node, request, timeoutMs, {
        // Only a Synod node echoes the command's id: 404 of anything else is no word on a key.
        onReply: (reply) => {
          if (answers.includes(reply.status) && header(reply, 'cid') !== null) resolve({ node, reply })
          else reject(refusal(node, reply))
        },
        onFailure: (sent, reason) => reject(silence(node, sent, reason)),
      })
    })
  }
}

/** Whether another attempt may help, and harms nobody. */
function mayRepeat({ code }: SynodError, repeatable: boolean): boolean {
  if (code === 'unavailable' || code === 'overloaded') return true
  return repeatable && (code === 'unknown' || code === 'internal')
}

function failed(error: SynodError, doubt: boolean, attempts: number): RefusedError | UnknownOutcomeError {
  const tries = attempts === 1 ? '' : `, after ${attempts} attempts`
  const earlier = doubt && ERRORS[error.code].definite ? '; an earlier one may have been applied' : ''
  return failure(doubt, error.code, `${error.message}${tries}${earlier}`)
}

function positive(name: string, value: number): number {
  if (typeof value === 'number' && value > 0) return value
  throw new SynodError('config', `${name} must be above 0, not ${String(value)}`)
}
