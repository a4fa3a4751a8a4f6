/** Two real servers under attack, and a third that is dead, whose place strangers can take. */
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Introduction } from '../../src/runtime/handshake.ts'
import { RealCluster } from '../e2e/cluster.ts'
import { overhear } from '../e2e/stranger.ts'
import { until } from '../support/processes.ts'
import { BODY_BYTES } from './rest-rows.ts'

const THREE = ['1.1', '1.2', '1.3']
const SECRET = 'known to the nodes alone'
/** So few that ten thousand connections at a time are not needed to fill it. */
const REQUESTS = 256
const REQUEST_MS = 1000
/** Strangers are to be refused for what they say, not for the time that a busy machine takes to hear it. */
const CONNECT_MS = 10_000

const MIB = 1024 * 1024
/** Lets a server collect its garbage: else what is measured is when it did so last. */
const COLLECTOR = new URL('collector.mjs', import.meta.url).href
/** What is freed goes back to the system at once: else what is measured is how the C library has cut up its own memory. */
const FREEING = { MALLOC_MMAP_THRESHOLD_: '8192' }
/** Its memory stands still when it has not fallen by more than this for so many looks. */
const STILL_MIB = 1
const STILL_LOOKS = 3
const LOOK_MS = 500
const MOST_LOOKS = 30
/** How often a good request is made that nobody serves for want of a leader. */
const MOST_TRIES = 10

export class Stage {
  /** What 1.3 would say of itself. */
  readonly self: Introduction
  readonly httpPort: number
  readonly peerPort: number
  /** What is in all frames of the cluster. */
  founding = 0
  readonly #cluster: RealCluster
  #value = ''

  private constructor(cluster: RealCluster, self: Introduction) {
    this.#cluster = cluster
    this.self = self
    this.httpPort = cluster.httpPort('1.1')
    this.peerPort = cluster.peerPort('1.1')
  }

  static async start(algorithm: string): Promise<Stage> {
    const limits = { body_bytes: BODY_BYTES, requests: REQUESTS }
    const timeouts = { request_ms: REQUEST_MS, connect_ms: CONNECT_MS }
    const cluster = await RealCluster.create(THREE, { secret: SECRET, fault_injection: true, limits, timeouts })
    cluster.environment = { ...FREEING, NODE_OPTIONS: `--import ${COLLECTOR}` }
    // Datagrams beside the connections.
    await cluster.startAll('-log_level', 'warning', '-transport', 'udp', '-algorithm', algorithm)
    await cluster.kill('1.3')
    const { cluster: name, language } = await overhear(cluster.peerPort('1.3'))
    const stage = new Stage(cluster, { cluster: name, language, name: '1.3', incarnation: 1, secret: SECRET })
    await stage.#recovers()
    stage.founding = Number(JSON.parse((await cluster.ask('1.1', 'GET', '/state')).body).founding)
    return stage
  }

  async stop(): Promise<void> {
    for (const id of this.#cluster.alive) await this.#cluster.kill(id)
  }

  /** Cuts the node off from the others, or joins it to them again. */
  async cut(on: boolean): Promise<void> {
    const { status, body } = await this.#cluster.ask('1.1', 'POST', on ? '/partition?ids=1.1&t=0' : '/heal')
    if (status !== 200) throw new Error(`${on ? 'the cut' : 'healing'} got ${status}, ${JSON.stringify(body)}`)
    if (!on) await this.#recovers()
  }

  /**
   * Nothing was written but by good requests, and a good write through one node is read through the other. A moment without
   * a leader, as a busy machine brings about, is waited for.
   * @throws Error when it is not so
   */
  async serves(): Promise<void> {
    const found = await served(() => this.#cluster.ask('1.1', 'GET', '/1'))
    if (found.status !== 200 || found.body !== this.#value)
      throw new Error(`${JSON.stringify(this.#value)} was written last, and there is ${JSON.stringify(found)}`)
    const { status } = await served(() => this.#write())
    const { body } = await served(() => this.#cluster.ask('1.2', 'GET', '/1'))
    if (status !== 200 || body !== this.#value)
      throw new Error(`the next good request got ${status}, ${JSON.stringify(body)}`)
  }

  /** One of the node's metrics; 0 while there is none. */
  async metric(name: string): Promise<number> {
    const { body } = await this.#cluster.ask('1.1', 'GET', '/metrics')
    const line = body.split('\n').find((one) => one.startsWith(`${name} `))
    return Number(line?.slice(name.length) ?? 0)
  }

  /** The memory of the node without garbage: the least that it comes to, once more collections free no more. */
  async residentMib(): Promise<number> {
    let least = Number.POSITIVE_INFINITY
    for (let look = 0, still = 0; look < MOST_LOOKS && still < STILL_LOOKS; look++) {
      this.#cluster.program('1.1').signal('SIGUSR2')
      await sleep(LOOK_MS)
      const now = (await this.metric('process_resident_memory_bytes')) / MIB
      still = now < least - STILL_MIB ? 0 : still + 1
      least = Math.min(least, now)
    }
    return least
  }

  async #recovers(): Promise<void> {
    await until('a write is done', async () => (await this.#write()).status === 200)
  }

  #write() {
    this.#value = randomBytes(4).toString('hex')
    return this.#cluster.ask('1.1', 'PUT', '/1', this.#value)
  }
}

/** The first answer that is no definite refusal, or the last of so many. */
async function served<A extends { readonly status: number }>(ask: () => Promise<A>): Promise<A> {
  for (let tries = 1; ; tries++) {
    const answer = await ask()
    if (answer.status !== 503 || tries === MOST_TRIES) return answer
    await sleep(LOOK_MS)
  }
}
