/** The benchmark's REST transport: one keep-alive connection per worker, and as little work per request as possible. */
import { Connections } from '../client/connections.ts'
import type { Receiver, Reply } from '../client/exchange.ts'
import { refusal } from '../client/replies.ts'
import { ERRORS, SynodError } from '../errors.ts'
import { Cluster } from '../node-id.ts'
import type { ReadMode } from '../request.ts'
import type { OperationReceiver, Transport } from './transport.ts'

/** How a `RestTransport` reaches a cluster. */
export interface RestOptions {
  /** Url of each node by its id. */
  readonly nodes: Readonly<Record<string, string>>
  /** The node to use; without it each operation goes to a random one. */
  readonly id?: string
  /** `chain` writes to the first node and reads from the last, unless there is an `id`. */
  readonly algorithm?: string
  /** The path of reads, which Paxi's servers take no notice of; as the servers were told without it. */
  readonly read?: ReadMode
  /** The most connections per node: the number of workers. */
  readonly connections: number
  readonly timeoutMs: number
  /** The longest answer that is read, as of a `Client`. */
  readonly answerBytes?: number
}

/** See the file's head. */
export class RestTransport implements Transport {
  readonly #connections: Connections
  readonly #readers: readonly string[]
  readonly #writers: readonly string[]
  readonly #id: string
  /** The headers of reads, after those of all operations. */
  readonly #path: readonly string[]
  readonly #timeoutMs: number
  #cid = 0

  /** @throws SynodError `config` when the nodes make no sense or `id` is none of them */
  constructor(options: RestOptions) {
    const { connections, answerBytes } = options
    this.#connections = new Connections(options.nodes, { connections, answerBytes })
    const names = new Cluster(Object.keys(options.nodes)).members.map(({ name }) => name)
    this.#id = options.id ?? ''
    if (this.#id !== '' && !names.includes(this.#id)) {
      throw new SynodError('config', `no node ${this.#id}; known are ${names.join(', ')}`)
    }
    const chain = options.algorithm === 'chain' && this.#id === ''
    const all = this.#id === '' ? names : [this.#id]
    this.#writers = chain ? names.slice(0, 1) : all
    this.#readers = chain ? names.slice(-1) : all
    this.#path = options.read ? ['Read', options.read] : []
    this.#timeoutMs = options.timeoutMs
  }

  send(key: number, value: Uint8Array | null, receiver: OperationReceiver): void {
    const targets = value === null ? this.#readers : this.#writers
    const node = targets.length === 1 ? targets[0]! : targets[Math.floor(Math.random() * targets.length)]!
    const headers = ['Id', this.#id, 'Cid', String(++this.#cid)]
    if (value === null) headers.push(...this.#path)
    const request = {
      method: value === null ? ('GET' as const) : ('PUT' as const),
      path: `/${key}`,
      headers,
      body: value,
    }
    this.#connections.send(node, request, this.#timeoutMs, new RestOperation(node, receiver))
  }

  /** Asks every node that operations may go to for its health; any HTTP answer will do, so Paxi's servers count too. */
  async probe(): Promise<string | null> {
    const targets = [...new Set([...this.#writers, ...this.#readers])]
    const answers = await Promise.all(targets.map((node) => this.#health(node)))
    return answers.includes(null) ? null : `no server answers: ${answers.join('; ')}`
  }

  #health(node: string): Promise<string | null> {
    const request = { method: 'GET' as const, path: '/health', headers: [], body: null }
    return new Promise((resolve) => {
      this.#connections.send(node, request, this.#timeoutMs, {
        onReply: () => resolve(null),
        onFailure: (_, reason) => resolve(`${node}: ${reason}`),
      })
    })
  }

  async abandon(): Promise<void> {
    await this.#connections.destroy()
  }

  async close(): Promise<void> {
    await this.#connections.close()
  }
}

/** Translates the end of one exchange into the end of one operation. */
class RestOperation implements Receiver {
  readonly #node: string
  readonly #receiver: OperationReceiver

  constructor(node: string, receiver: OperationReceiver) {
    this.#node = node
    this.#receiver = receiver
  }

  onReply(reply: Reply): void {
    if (reply.status === 200) {
      this.#receiver.onApplied(reply.body)
    } else {
      const error = refusal(this.#node, reply)
      this.#receiver.onFailed(ERRORS[error.code].definite, error.message)
    }
  }

  onFailure(sent: boolean, reason: string): void {
    this.#receiver.onFailed(!sent, `node ${this.#node}: ${reason}`)
  }
}
