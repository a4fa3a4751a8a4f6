/**
 * Who has joined a cluster that a master gathers. The first n ids are its members; once all have come each gets its pair
 * of ports, by its place among them, on the host that it called from. A member that asks again gets the same answer.
 */
import { SynodError } from '../errors.ts'
import { Cluster } from '../node-id.ts'

/** Where the members are, as a configuration has it. */
export interface Addresses {
  readonly address: Readonly<Record<string, string>>
  readonly http_address: Readonly<Record<string, string>>
}

/** What a cluster is made with. */
export interface RosterOptions {
  /** How many nodes it has. */
  readonly size: number
  /** Ports count from these, the first node's being the next. */
  readonly peerPort: number
  readonly httpPort: number
  readonly transport: string
  /** The configuration without its addresses. */
  readonly template: Readonly<Record<string, unknown>>
  /** The addresses that an earlier master handed out: the cluster is complete. */
  readonly known?: Addresses
  /** Called when the last node joins, before anybody is told the addresses; when it throws, that node has not joined. */
  readonly keep?: (addresses: Addresses) => void
}

export class Roster {
  readonly #options: RosterOptions
  /** Host by node id. */
  readonly #hosts = new Map<string, string>()
  /** Null while nodes are missing. */
  #addresses: Addresses | null = null

  constructor(options: RosterOptions) {
    this.#options = options
    if (!options.known) return
    this.#addresses = options.known
    for (const [id, url] of Object.entries(options.known.http_address)) {
      this.#hosts.set(id, new URL(url).hostname.replace(/^\[|\]$/g, ''))
    }
  }

  /** How many nodes have not come yet. */
  get missing(): number {
    return this.#options.size - this.#hosts.size
  }

  /**
   * Adds a node that calls from `host`; nothing changes when it has joined from there before.
   * @throws SynodError `config` for a bad id, `usage` when there is no place for it
   */
  join(id: string, host: string): void {
    new Cluster([id])
    const earlier = this.#hosts.get(id)
    if (earlier === host) return
    if (earlier !== undefined) throw new SynodError('usage', `node ${id} has joined from ${earlier}`)
    if (this.missing === 0) {
      const members = new Cluster(this.#hosts.keys()).members.map(({ name }) => name).join(', ')
      throw new SynodError(
        'usage',
        `the cluster has its ${this.#options.size} nodes, ${members}; ${id} is none of them`,
      )
    }
    this.#hosts.set(id, host)
    if (this.missing > 0) return
    const addresses = this.#assign()
    try {
      this.#options.keep?.(addresses)
    } catch (error) {
      this.#hosts.delete(id)
      throw error
    }
    this.#addresses = addresses
  }

  /** The configuration, once all have joined; null before. */
  config(): Readonly<Record<string, unknown>> | null {
    return this.#addresses && { ...this.#options.template, ...this.#addresses }
  }

  /** By the order of ids, not that of joining: the same nodes get the same ports whenever they come. */
  #assign(): Addresses {
    const { members } = new Cluster(this.#hosts.keys())
    const { transport, peerPort, httpPort } = this.#options
    const urls = (scheme: string, base: number) =>
      Object.fromEntries(
        members.map(({ name, index }) => [
          name,
          `${scheme}://${bracketed(this.#hosts.get(name)!)}:${base + 1 + index}`,
        ]),
      )
    return { address: urls(transport, peerPort), http_address: urls('http', httpPort) }
  }
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}
