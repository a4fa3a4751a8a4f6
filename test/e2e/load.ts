/** A small load on a real cluster: workers that read and write, and the history of what they were told. */
import { checkHistory, explain, type Operation, register } from '../../src/checker/index.ts'
import { Client, isDefinite } from '../../src/client/index.ts'

/** How long a worker rests after a failure, so that dead nodes are not hammered. */
const REST_MS = 5

/** Longer than a server takes to answer or refuse. */
const TIMEOUT_MS = 5000

/** A write that was acknowledged. */
export interface Acknowledged {
  readonly key: string
  readonly value: string
  /** By `performance.now()`. */
  readonly calledAt: number
  readonly answeredAt: number
}

/** Workers in a closed loop, each on a random node and key; every value is written once. */
export class Load {
  readonly history: Operation[] = []
  readonly acknowledged: Acknowledged[] = []
  /** What could not be explained by a dead or leaderless cluster, if anything. */
  readonly surprises: unknown[] = []
  readonly #client: Client
  readonly #keys: number
  readonly #workers: Promise<void>[] = []
  #running = true
  /** The order of calls and answers; finer than any clock. */
  #tick = 0

  constructor(nodes: Readonly<Record<string, string>>, { workers = 8, keys = 20 } = {}) {
    this.#client = new Client({ nodes, timeoutMs: TIMEOUT_MS })
    this.#keys = keys
    for (let worker = 0; worker < workers; worker++) this.#workers.push(this.#work(worker))
  }

  /** Ends the load once the operations under way have ended. */
  async stop(): Promise<void> {
    this.#running = false
    await Promise.all(this.#workers)
  }

  /** Reads every key through `node` into the history; an acknowledged write that is gone then shows. */
  async readAll(node: string): Promise<void> {
    for (let key = 0; key < this.#keys; key++) await this.#read('reader', String(key), node)
  }

  /** The checker's verdict, with its evidence. */
  judge(): { verdict: string; evidence: string } {
    const verdict = checkHistory(this.history, register(), { milliseconds: 20_000, now: () => performance.now() })
    return { verdict: verdict.verdict, evidence: explain(verdict, 'index').join('\n') }
  }

  async close(): Promise<void> {
    await this.stop()
    await this.#client.close()
  }

  async #work(worker: number): Promise<void> {
    for (let count = 0; this.#running; count++) {
      const key = String(Math.floor(Math.random() * this.#keys))
      const good = await (Math.random() < 0.5
        ? this.#write(worker, key, `${worker}.${count}`)
        : this.#read(worker, key))
      if (!good) await new Promise((resolve) => setTimeout(resolve, REST_MS))
    }
  }

  async #write(client: number, key: string, value: string): Promise<boolean> {
    const call = ++this.#tick
    const calledAt = performance.now()
    const operation = { client, key, op: 'put', input: value, output: undefined, call }
    try {
      await this.#client.put(key, value)
    } catch (error) {
      this.#judgeFailure(error)
      const definite = isDefinite(error)
      const end = definite ? ++this.#tick : Number.POSITIVE_INFINITY
      this.history.push({ ...operation, return: end, outcome: definite ? 'failed' : 'unknown' })
      return false
    }
    this.history.push({ ...operation, return: ++this.#tick, outcome: 'ok' })
    this.acknowledged.push({ key, value, calledAt, answeredAt: performance.now() })
    return true
  }

  async #read(client: number | string, key: string, node?: string): Promise<boolean> {
    const call = ++this.#tick
    try {
      const { value } = await this.#client.get(key, node === undefined ? {} : { node })
      const output = value === null ? null : value.toString()
      this.history.push({ client, key, op: 'get', input: null, output, call, return: ++this.#tick, outcome: 'ok' })
      return true
    } catch (error) {
      if (node !== undefined) throw error
      this.#judgeFailure(error)
      return false
    }
  }

  #judgeFailure(error: unknown): void {
    const code = (error as { code?: unknown }).code
    if (code !== 'unavailable' && code !== 'unknown') this.surprises.push(error)
  }
}
