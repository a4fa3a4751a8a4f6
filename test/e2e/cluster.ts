/** A cluster of real servers on free ports of the loopback, with its configuration in a temporary file. */
import { writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { freePorts } from '../../src/runtime/free-ports.ts'
import { type Environment, type Program, startProgram, temporaryDirectory, until } from '../support/processes.ts'

/** What a node says about itself, as far as the tests look at it. */
export interface State {
  readonly id: string
  readonly leader: string | null
  readonly role: string
  readonly ready: boolean
  readonly reason: string
  readonly memory: string | null
  /** What was wrong with the records that the node had. */
  readonly damage?: string
  /** How far its disk has come, and the last that it has heard of the others', where it has one. */
  readonly epochs: Readonly<Record<string, number>>
  readonly voting: boolean
  readonly executed: number
  readonly keys: number
  readonly hash: string
}

/** An HTTP answer. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

/** What is not said on the wire: longer than any of the servers' own deadlines. */
const PATIENCE_MS = 10_000

/** One request on a connection of its own; rejects when there is no answer within `patienceMs`. */
export function ask(method: string, url: string, body?: string, patienceMs = PATIENCE_MS): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, agent: false, signal: AbortSignal.timeout(patienceMs) }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const { statusCode: status = 0, headers } = response
        resolve({ status, headers, body: Buffer.concat(chunks).toString() })
      })
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

/** See the file's head. Nothing runs before `start`. */
export class RealCluster {
  readonly ids: readonly string[]
  /** Url of each node by its id, for `Client`. */
  readonly nodes: Readonly<Record<string, string>>
  readonly configFile: string
  /** What servers that are started from now on find in their environment. */
  environment: Environment = {}
  readonly #ports: ReadonlyMap<string, { readonly peer: number; readonly http: number }>
  readonly #programs = new Map<string, Program>()
  readonly #directory = temporaryDirectory()
  readonly #configFiles = new Map<string, string>()

  private constructor(
    ids: readonly string[],
    ports: readonly number[],
    write: (addresses: Addresses, id?: string) => string,
  ) {
    this.ids = ids
    this.#ports = new Map(ids.map((id, i) => [id, { peer: ports[2 * i]!, http: ports[2 * i + 1]! }]))
    this.nodes = Object.fromEntries(ids.map((id) => [id, `http://127.0.0.1:${this.httpPort(id)}`]))
    const address = Object.fromEntries(ids.map((id) => [id, `tcp://127.0.0.1:${this.peerPort(id)}`]))
    const addresses = { address, http_address: this.nodes }
    this.configFile = join(this.#directory, 'config.json')
    writeFileSync(this.configFile, write(addresses))
    for (const id of ids) {
      const text = write(addresses, id)
      const file = text === write(addresses) ? this.configFile : join(this.#directory, `config.${id}.json`)
      if (file !== this.configFile) writeFileSync(file, text)
      this.#configFiles.set(id, file)
    }
  }

  /**
   * Picks ports and writes the configuration.
   * @param keys further keys of the configuration
   * @param own further keys for single nodes
   */
  static async create(
    ids: readonly string[],
    keys: object = {},
    own: Record<string, object> = {},
  ): Promise<RealCluster> {
    const write = (addresses: Addresses, id = '') => JSON.stringify({ ...addresses, ...keys, ...own[id] }, null, 2)
    return new RealCluster(ids, await freePorts(2 * ids.length), write)
  }

  /** As `create`, with a text of the test's own around the addresses. */
  static async written(ids: readonly string[], write: (addresses: Addresses) => string): Promise<RealCluster> {
    return new RealCluster(ids, await freePorts(2 * ids.length), write)
  }

  peerPort(id: string): number {
    return this.#ports.get(id)!.peer
  }

  httpPort(id: string): number {
    return this.#ports.get(id)!.http
  }

  /** Starts one node, or starts it again. */
  start(id: string, ...flags: string[]): Program {
    const quiet = ['-id', id, '-config', this.#configFiles.get(id)!, ...flags]
    const program = startProgram('server', quiet, '', this.environment)
    this.#programs.set(id, program)
    return program
  }

  /** Starts all nodes and waits until they serve. */
  async startAll(...flags: string[]): Promise<void> {
    for (const id of this.ids) this.start(id, ...flags)
    await this.ready()
  }

  program(id: string): Program {
    return this.#programs.get(id)!
  }

  /** The nodes whose processes run. */
  get alive(): string[] {
    return this.ids.filter((id) => this.#programs.get(id)?.running)
  }

  /** Kills one node as a power cut would, and waits until it is gone. */
  async kill(id: string): Promise<void> {
    this.program(id).signal('SIGKILL')
    await this.program(id).ended
  }

  ask(id: string, method: string, path: string, body?: string, patienceMs?: number): Promise<Answer> {
    return ask(method, `${this.nodes[id]}${path}`, body, patienceMs)
  }

  async state(id: string): Promise<State> {
    const { status, body } = await this.ask(id, 'GET', '/state', undefined, 2000)
    if (status !== 200) throw new Error(`/state of ${id}: ${status} ${body}`)
    return JSON.parse(body) as State
  }

  async ready(ids: readonly string[] = this.alive): Promise<void> {
    for (const id of ids) {
      await until(`${id} is ready`, async () => {
        const { status, body } = await this.ask(id, 'GET', '/health/ready', undefined, 2000)
        if (status !== 200) throw new Error(body.trim())
        return true
      })
    }
  }

  /** The node that these all call their leader, once they do. */
  leader(ids: readonly string[] = this.alive): Promise<string> {
    return until(`${ids.join(', ')} follow one leader among them`, async () => {
      const states = await Promise.all(ids.map((id) => this.state(id)))
      const leader = states[0]?.leader
      return leader && ids.includes(leader) && states.every((state) => state.leader === leader) && leader
    })
  }

  /** Waits until these nodes have executed equally much and have equal hashes; gives their states. */
  converged(ids: readonly string[] = this.alive): Promise<State[]> {
    return until(`${ids.join(', ')} have equal states`, async () => {
      const states = await Promise.all(ids.map((id) => this.state(id)))
      const [first] = states
      const equal = states.every(({ executed, hash }) => executed === first?.executed && hash === first.hash)
      if (!equal) throw new Error(states.map(({ id, executed, hash }) => `${id} ${executed} ${hash}`).join(', '))
      return states
    })
  }

  /** What `from` sends to `to` is lost for so many seconds, counted anew by each call. */
  async drop(from: string, to: string, seconds: number): Promise<void> {
    const { status, body } = await this.ask(from, 'POST', `/drop?id=${to}&t=${seconds}`)
    if (status !== 200) throw new Error(`/drop of ${from}: ${status} ${body}`)
  }

  /** Cuts `id` off from all others, both ways; or lets the cut end after so many seconds. */
  async isolate(id: string, seconds: number): Promise<void> {
    for (const other of this.alive) {
      if (other === id) continue
      await this.drop(id, other, seconds)
      await this.drop(other, id, seconds)
    }
  }
}

/** The two maps that every configuration has. */
export interface Addresses {
  readonly address: Readonly<Record<string, string>>
  readonly http_address: Readonly<Record<string, string>>
}
