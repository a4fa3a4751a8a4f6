/**
 * The REST key-value client. It says honestly what became of each request: applied, certainly not applied, or unknown.
 * Over the integer routes an absent key and an empty value look the same (200 and no body, as in Paxi), so an empty
 * body is given as null.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { SynodError } from '../errors.ts'
import { Connections, type Outgoing } from './connections.ts'
import { milliseconds } from './deadline.ts'
import type { Receiver, Reply } from './exchange.ts'
import { ClusterFaults } from './faults.ts'
import { canonicalKey, type Key } from './key.ts'
import { type Meta, meta, refusal, silence } from './replies.ts'
import { bytesOf } from './value.ts'
import { type NodeState, parseHistory, parseState, readinessOf } from './views.ts'

/** How a `Client` behaves. */
export interface ClientOptions {
  /** Url of each node by its id. */
  readonly nodes: Readonly<Record<string, string>>
  /** The node to talk to, also sent as `Id`; without it each request goes to a random node. */
  readonly id?: string
  /** How long one try of a request may take: above 0 and at most 2^31 - 1, as long as a timer can wait; 5000 by default. */
  readonly timeoutMs?: number
  /** The most connections per node, 16 by default. */
  readonly connections?: number
  /**
   * The longest answer that is read, 64 MiB by default: to be raised where `limits.body_bytes` is more. Beyond it a request
   * has failed with `unknown`. Histories may always have 256 MiB.
   */
  readonly answerBytes?: number
  /** How often a request that was definitely not applied is tried again (reads: any that failed); 0 by default. */
  readonly retries?: number
  /** A random number in [0, 1), which picks nodes. */
  readonly random?: () => number
}

/** Overrides for one request. */
export interface RequestOptions {
  readonly node?: string
  readonly timeoutMs?: number
}

/** What a read gave; `value` is null when the key is absent or its value empty. */
export interface ReadResult extends Meta {
  readonly node: string
  readonly value: Buffer | null
}

/** What a write gave; `previous` is null when there was none, it was empty, or the protocol does not tell. */
export interface WriteResult extends Meta {
  readonly node: string
  readonly previous: Buffer | null
}

const FIRST_PAUSE_MS = 20

/** A history has all values of a key, and grows with each write. */
const HISTORY_BYTES = 2 ** 28

/** See the file's head. Rejections are `SynodError`s; `isDefinite` tells whether a write was certainly not applied. */
export class Client {
  /** The nodes' ids. */
  readonly nodes: readonly string[]
  /** Fault injection, where the nodes allow it. */
  readonly faults: ClusterFaults
  readonly #connections: Connections
  readonly #id: string | null
  readonly #timeoutMs: number
  readonly #historyBytes: number
  readonly #retries: number
  readonly #random: () => number
  #cid = 0

  /** @throws SynodError `config` when the options make no sense: no nodes, a bad url, an `id` that is no node, a bad time or size */
  constructor(options: ClientOptions) {
    const { connections = 16, answerBytes } = options
    this.#connections = new Connections(options.nodes, { connections, answerBytes })
    this.#historyBytes = Math.max(HISTORY_BYTES, answerBytes ?? 0)
    this.nodes = this.#connections.nodes
    this.#id = options.id || null
    this.#timeoutMs = milliseconds('timeoutMs', options.timeoutMs ?? 5_000)
    this.#retries = options.retries ?? 0
    this.#random = options.random ?? Math.random
    this.faults = new ClusterFaults(this.nodes, (node, method, path) =>
      this.#exchange(node, { method, path, headers: [], body: null }),
    )
    if (this.#id !== null) this.#known(this.#id)
    if (!(this.#retries >= 0)) throw new SynodError('config', `retries must be at least 0, not ${this.#retries}`)
  }

  /**
   * Reads `key`.
   * @throws SynodError `malformed` (bad key), `config` (bad time, no such node), `usage` (the client is closed),
   *   `unavailable`/`overloaded` (refused), `unknown` (no answer), see `refusal`; TypeError for what is no key
   */
  async get(key: Key, options: RequestOptions = {}): Promise<ReadResult> {
    const path = `/${canonicalKey(key)}`
    const { node, reply } = await this.#command({ method: 'GET', path, headers: [], body: null }, options)
    return { node, value: reply.body.length > 0 ? reply.body : null, ...meta(reply) }
  }

  /**
   * Writes `value`, a string as UTF-8, under `key`; empty is a value.
   * @throws SynodError as `get`; with `unknown` and `internal` the write may have been applied, now or later; TypeError for
   *   what is no key or no value
   */
  async put(key: Key, value: Uint8Array | string, options: RequestOptions = {}): Promise<WriteResult> {
    const path = `/${canonicalKey(key)}`
    const body = bytesOf(value)
    const { node, reply } = await this.#command({ method: 'PUT', path, headers: [], body }, options)
    return { node, previous: reply.body.length > 0 ? reply.body : null, ...meta(reply) }
  }

  /**
   * Every value that `key` had on one node, oldest first; empty when it never had one or the node keeps none.
   * @throws SynodError as `get`; `malformed` when the answer is no history
   */
  async history(key: Key, options: RequestOptions = {}): Promise<Buffer[]> {
    const node = this.#pick(options.node)
    const reply = await this.#ask(node, `/history?key=${canonicalKey(key)}`, options, this.#historyBytes)
    return parseHistory(node, reply.body)
  }

  /**
   * What one node says about itself.
   * @throws SynodError as `get`; `malformed` when the answer is no state
   */
  async state(options: RequestOptions = {}): Promise<NodeState> {
    const node = this.#pick(options.node)
    const reply = await this.#ask(node, '/state', options)
    return parseState(node, reply.body)
  }

  /**
   * Whether the node `id` says that it can serve; false too when nothing answers there.
   * @throws SynodError `unsupported`, `malformed` when something else than a Synod node answers
   */
  async ready(id: string, options: { timeoutMs?: number } = {}): Promise<boolean> {
    try {
      const node = this.#known(id)
      // Not `/health/ready`: its 200 is what any server says. No other than a node of ours has this view.
      return readinessOf(node, (await this.#ask(node, '/state', options)).body)
    } catch (error) {
      const code = error instanceof SynodError ? error.code : 'internal'
      if (code === 'unavailable' || code === 'overloaded' || code === 'unknown') return false
      throw error
    }
  }

  /** Closes all connections once requests under way have ended; further ones are refused. */
  async close(): Promise<void> {
    await this.#connections.close()
  }

  #known(id: string): string {
    if (!this.nodes.includes(id)) {
      throw new SynodError('config', `no node ${id}; known are ${this.nodes.join(', ')}`)
    }
    return id
  }

  #pick(node: string | undefined): string {
    if (node !== undefined) return this.#known(node)
    return this.#id ?? this.nodes[Math.floor(this.#random() * this.nodes.length)]!
  }

  async #command(request: Outgoing, options: RequestOptions): Promise<{ node: string; reply: Reply }> {
    const identity = ['Id', this.#id ?? '', 'Cid', String(++this.#cid)]
    const outgoing = { ...request, headers: [...identity, ...request.headers] }
    for (let attempt = 0; ; attempt++) {
      const node = this.#pick(options.node)
      try {
        return { node, reply: await this.#exchange(node, outgoing, options.timeoutMs) }
      } catch (error) {
        if (attempt >= this.#retries || !retriable(request, error)) throw error
      }
      await sleep(FIRST_PAUSE_MS * 2 ** Math.min(attempt, 6) * (0.5 + this.#random()))
    }
  }

  #ask(node: string, path: string, options: RequestOptions, answerBytes?: number): Promise<Reply> {
    return this.#exchange(node, { method: 'GET', path, headers: [], body: null }, options.timeoutMs, answerBytes)
  }

  async #exchange(node: string, request: Outgoing, timeoutMs = this.#timeoutMs, answerBytes?: number): Promise<Reply> {
    const patienceMs = milliseconds('timeoutMs', timeoutMs)
    this.#connections.requireOpen()
    return new Promise((resolve, reject) => {
      const receiver: Receiver = {
        onReply: (reply) => (reply.status === 200 ? resolve(reply) : reject(refusal(node, reply))),
        onFailure: (sent, reason) => reject(silence(node, sent, reason)),
      }
      this.#connections.send(node, request, patienceMs, receiver, answerBytes)
    })
  }
}

function retriable(request: Outgoing, error: unknown): boolean {
  if (!(error instanceof SynodError)) return false
  if (error.code === 'unavailable' || error.code === 'overloaded') return true
  return request.method === 'GET' && error.code === 'unknown'
}
