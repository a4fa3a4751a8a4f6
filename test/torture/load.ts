/**
 * Clients that work while servers die: each in a session where the protocol has them, so that it may try a write again
 * and still have it executed once. What each was told is kept for the judges.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Operation } from '../../src/checker/index.ts'
import { KeyValueClient, RefusedError, type Session, UnknownOutcomeError } from '../../src/client/index.ts'
import type { SeededChooser } from '../../src/sim/chooser.ts'

/** How long a client rests after a failure, so that dead nodes are not hammered. */
const REST_MS = 20
const ATTEMPT_MS = 1500
const OPERATION_MS = 8000
/** Some values are long, so that logs soon call for a checkpoint. */
const LONG_CHARS = 600

/** A write that was acknowledged, with the version it gave its key; null where versions are not counted. */
export interface Acknowledged {
  readonly key: string
  readonly value: string
  readonly version: number | null
}

export interface LoadOptions {
  readonly nodes: Readonly<Record<string, string>>
  readonly sessions: boolean
  readonly workers: number
  readonly keys: readonly string[]
  readonly chooser: SeededChooser
}

/** See the file's head. Every value is written by one operation alone. */
export class Load {
  readonly history: Operation[] = []
  readonly acknowledged: Acknowledged[] = []
  /** Writes that were refused for certain. */
  readonly refused: { readonly key: string; readonly value: string }[] = []
  unknown = 0
  /** Failures that no client should meet. */
  readonly surprises: unknown[] = []
  readonly #options: LoadOptions
  readonly #clients: readonly KeyValueClient[]
  readonly #workers: Promise<void>[]
  #running = true
  /** The order of calls and answers; finer than any clock. */
  #tick = 0
  #visits = 0

  constructor(options: LoadOptions) {
    this.#options = options
    const ids = Object.keys(options.nodes)
    const { nodes } = options
    const patience = { timeoutMs: OPERATION_MS, attemptMs: ATTEMPT_MS, attempts: 1000 }
    this.#clients = Array.from(
      { length: options.workers },
      (_, worker) => new KeyValueClient({ nodes, id: ids[worker % ids.length]!, ...patience }),
    )
    this.#workers = this.#clients.map((client, worker) => this.#work(client, worker))
  }

  /** Ends the load once the operations under way have ended. */
  async stop(): Promise<void> {
    this.#running = false
    await Promise.all(this.#workers)
  }

  async close(): Promise<void> {
    await this.stop()
    await Promise.all(this.#clients.map((client) => client.close()))
  }

  /** One write and one read of each key through `node` alone, into the history. */
  async visit(node: string): Promise<void> {
    const client = new KeyValueClient({ nodes: { [node]: this.#options.nodes[node]! }, attempts: 1000 })
    try {
      if (!(await this.#write(client, node, this.#options.keys[0]!, `visit ${++this.#visits} of ${node}`))) {
        throw new Error(`${node} did not take a write`)
      }
      for (const key of this.#options.keys) {
        if (!(await this.#read(client, node, key))) throw new Error(`${node} did not serve key ${key}`)
      }
    } finally {
      await client.close()
    }
  }

  async #work(client: KeyValueClient, worker: number): Promise<void> {
    const { chooser, keys, sessions } = this.#options
    let session: Session | null = null
    for (let count = 0; this.#running; count++) {
      const key = chooser.pick(keys)
      let good = true
      if (chooser.chance(0.4)) good = await this.#read(client, worker, key)
      else {
        if (sessions) session ??= await this.#open(client)
        const value = `${worker}.${count}${chooser.chance(0.2) ? ' '.padEnd(LONG_CHARS, 'x') : ''}`
        if (sessions && !session) good = false
        else good = await this.#write(session ?? client, worker, key, value, () => (session = null))
      }
      if (!good) await sleep(REST_MS)
    }
  }

  async #open(client: KeyValueClient): Promise<Session | null> {
    try {
      return await client.openSession()
    } catch (error) {
      this.#look(error)
      return null
    }
  }

  async #write(
    writer: KeyValueClient | Session,
    client: number | string,
    key: string,
    value: string,
    onExpired = () => {},
  ): Promise<boolean> {
    const operation = { client, key, op: 'put', input: value, output: undefined, call: ++this.#tick }
    try {
      const { version } = await writer.put(key, value)
      this.history.push({ ...operation, return: ++this.#tick, outcome: 'ok' })
      this.acknowledged.push({ key, value, version })
      return true
    } catch (error) {
      this.#look(error)
      if ((error as { code?: string }).code === 'expired') onExpired()
      if (error instanceof RefusedError) {
        this.history.push({ ...operation, return: ++this.#tick, outcome: 'failed' })
        this.refused.push({ key, value })
      } else {
        this.history.push({ ...operation, return: Number.POSITIVE_INFINITY, outcome: 'unknown' })
        this.unknown += 1
      }
      return false
    }
  }

  async #read(client: KeyValueClient, name: number | string, key: string): Promise<boolean> {
    const operation = { client: name, key, op: 'get', input: null, call: ++this.#tick }
    try {
      const { value } = await client.get(key)
      const output = value === null ? null : value.toString()
      this.history.push({ ...operation, output, return: ++this.#tick, outcome: 'ok' })
      return true
    } catch (error) {
      this.#look(error)
      return false
    }
  }

  /** Keeps what neither a dead node nor a missing quorum explains. */
  #look(error: unknown): void {
    const known = error instanceof RefusedError || error instanceof UnknownOutcomeError
    const code = known ? error.code : ''
    if (!['unavailable', 'overloaded', 'unknown'].includes(code)) this.surprises.push(error)
  }
}
