/** Keep-alive connections to the nodes of a cluster, bounded per node: how bytes of the client reach a cluster. */
import { Pool } from 'undici'
import { SynodError } from '../errors.ts'
import { Exchange, type Receiver } from './exchange.ts'

/** A request to one node. `headers` are names and values in turn. */
export interface Outgoing {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  readonly path: string
  readonly headers: string[]
  readonly body: Uint8Array | null
}

/** The longest answer that is read without an option: a longer body needs more of a node's limits raised than one. */
export const ANSWER_BYTES = 2 ** 26

/** How `Connections` behave. */
export interface ConnectionsOptions {
  /** The most connections per node; further requests wait their turn. */
  readonly connections: number
  /** The longest answer that is read, `ANSWER_BYTES` by default. */
  readonly answerBytes?: number | undefined
}

/** See the file's head. Nothing is opened before the first request. */
export class Connections {
  /** The nodes' ids, as given. */
  readonly nodes: readonly string[]
  readonly #pools = new Map<string, Pool>()
  readonly #answerBytes: number
  #closing: Promise<void> | null = null

  /**
   * @param nodes url of each node by its id, such as `{ '1.1': 'http://127.0.0.1:8080' }`
   * @throws SynodError `config` when there is no node, a url is not http(s) or has a path, or a number is not at least 1
   */
  constructor(nodes: Readonly<Record<string, string>>, options: ConnectionsOptions) {
    const { connections, answerBytes = ANSWER_BYTES } = options
    if (!Number.isSafeInteger(connections) || connections < 1) {
      throw new SynodError('config', `connections must be an integer of at least 1, not ${connections}`)
    }
    if (!(typeof answerBytes === 'number' && answerBytes >= 1))
      throw new SynodError('config', `answerBytes must be at least 1, not ${String(answerBytes)}`)
    this.#answerBytes = answerBytes
    this.nodes = Object.keys(nodes)
    if (this.nodes.length === 0) throw new SynodError('config', 'there is no node to connect to')
    for (const [id, url] of Object.entries(nodes)) {
      // Deadlines are the exchange's own: undici's are coarse, and a second timer per request is waste.
      const options = { connections, pipelining: 1, headersTimeout: 0, bodyTimeout: 0, connectTimeout: 5_000 }
      this.#pools.set(id, new Pool(origin(id, url), options))
    }
  }

  /**
   * Sends `request` to the node `id`; `receiver` is told once how it ended, at the latest after `timeoutMs`.
   * @param answerBytes the longest answer that is read; without it that of the options
   * @throws SynodError `config` when no such node is known
   */
  send(id: string, request: Outgoing, timeoutMs: number, receiver: Receiver, answerBytes = this.#answerBytes): void {
    const pool = this.#pools.get(id)
    if (!pool) throw new SynodError('config', `no node ${id}; known are ${this.nodes.join(', ')}`)
    pool.dispatch(request, new Exchange(receiver, timeoutMs, answerBytes))
  }

  /** For those who would try again: @throws SynodError `usage` when it is closed, which no other attempt will change */
  requireOpen(): void {
    if (this.#closing !== null) throw new SynodError('usage', 'the client is closed')
  }

  /** Closes the connections once the requests under way have ended; again it waits for the same. */
  close(): Promise<void> {
    this.#closing ??= this.#each((pool) => pool.close())
    return this.#closing
  }

  /** Cuts the connections; requests under way fail. */
  destroy(): Promise<void> {
    this.#closing = this.#each((pool) => pool.destroy())
    return this.#closing
  }

  async #each(end: (pool: Pool) => Promise<void>): Promise<void> {
    await Promise.all([...this.#pools.values()].map(end))
  }
}

function origin(id: string, url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null
  if (parsed?.protocol !== 'http:' && parsed?.protocol !== 'https:') {
    throw new SynodError('config', `the url of node ${id}, ${JSON.stringify(url)}, is not http or https`)
  }
  // Requests have paths of their own, so it would be dropped. It may be a password: the error does not repeat it.
  if (parsed.href !== `${parsed.origin}/`) {
    throw new SynodError('config', `the url of node ${id} must be ${parsed.origin}, without path, query or credentials`)
  }
  return parsed.origin
}
