/**
 * Tries a request at one node after the other until one answers. A definite refusal is always tried again elsewhere;
 * an unknown outcome only where the request may be repeated without harm: a read, or a write in a session.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { ERRORS, SynodError } from '../errors.ts'
import { Connections, type Outgoing } from './connections.ts'
import type { Reply } from './exchange.ts'
import { failure, type RefusedError, type UnknownOutcomeError } from './outcomes.ts'
import { header, refusal, silence } from './replies.ts'

/** How a `KeyValueClient` behaves. */
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
  /** A random number in [0, 1), which picks nodes and pauses. */
  readonly random?: () => number
}

/** A request as it may be repeated. */
export interface Repeatable extends Outgoing {
  /** Whether it does no harm to repeat it when nobody knows what became of it. */
  readonly repeatable: boolean
  /** The statuses that are answers, not failures. */
  readonly answers: readonly number[]
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
    this.#connections = new Connections(options.nodes, { connections: options.connections ?? 16 })
    this.#first = options.id ?? null
    this.#timeoutMs = positive('timeoutMs', options.timeoutMs ?? 10_000)
    this.#attemptMs = positive('attemptMs', options.attemptMs ?? 3_000)
    this.#attempts = positive('attempts', options.attempts ?? 10)
    this.#random = options.random ?? Math.random
    if (this.#first !== null && !this.nodes.includes(this.#first))
      throw new SynodError('config', `no node ${this.#first}; known are ${this.nodes.join(', ')}`)
  }

  get nodes(): readonly string[] {
    return this.#connections.nodes
  }

  /**
   * Tries a request until a node answers it.
   * @throws RefusedError, UnknownOutcomeError
   */
  async run(request: Repeatable, timeoutMs = this.#timeoutMs): Promise<Answered> {
    const headers = ['Id', '', 'Cid', String(++this.#cid), ...request.headers]
    const outgoing = { method: request.method, path: request.path, headers, body: request.body }
    const deadline = performance.now() + timeoutMs
    const { nodes } = this
    let at = this.#first === null ? Math.floor(this.#random() * nodes.length) : nodes.indexOf(this.#first)
    let doubt = false
    for (let attempt = 1; ; attempt++, at++) {
      const patience = Math.max(1, Math.min(this.#attemptMs, deadline - performance.now()))
      try {
        return await this.#exchange(nodes[at % nodes.length]!, outgoing, request.answers, patience)
      } catch (error) {
        if (!(error instanceof SynodError)) throw error
        doubt ||= !ERRORS[error.code].definite
        const again = mayRepeat(error, request.repeatable) && attempt < this.#attempts
        const pause = FIRST_PAUSE_MS * 2 ** Math.min(attempt - 1, 5) * (0.5 + this.#random())
        if (!again || performance.now() + pause >= deadline) throw failed(error, doubt, attempt)
        await sleep(pause)
      }
    }
  }

  async close(): Promise<void> {
    await this.#connections.close()
  }

  #exchange(node: string, request: Outgoing, answers: readonly number[], timeoutMs: number): Promise<Answered> {
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
  return failure(doubt, error.code, `${error.message}${tries}`)
}

function positive(name: string, value: number): number {
  if (value > 0) return value
  throw new SynodError('config', `${name} must be above 0, not ${value}`)
}
