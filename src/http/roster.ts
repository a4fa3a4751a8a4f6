/**
 * Who has joined a cluster that a master gathers. The first n ids are its members, in the order in which they came; each
 * gets the next pair of ports on the host that it called from. A member that asks again gets the same answer.
 */
import { SynodError } from '../errors.ts'
import { Cluster } from '../node-id.ts'

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
}

export class Roster {
  readonly #options: RosterOptions
  /** Host by node id, in the order of joining. */
  readonly #hosts = new Map<string, string>()

  constructor(options: RosterOptions) {
    this.#options = options
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
      const members = [...this.#hosts.keys()].join(', ')
      throw new SynodError(
        'usage',
        `the cluster has its ${this.#options.size} nodes, ${members}; ${id} is none of them`,
      )
    }
    this.#hosts.set(id, host)
  }

  /** The configuration, once all have joined; null before. */
  config(): Readonly<Record<string, unknown>> | null {
    if (this.missing > 0) return null
    const { template, transport, peerPort, httpPort } = this.#options
    const addresses = (scheme: string, base: number) =>
      Object.fromEntries(
        [...this.#hosts].map(([id, host], i) => [id, `${scheme}://${bracketed(host)}:${base + 1 + i}`]),
      )
    return { ...template, address: addresses(transport, peerPort), http_address: addresses('http', httpPort) }
  }
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}
