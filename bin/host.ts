/** One node of a server: its parts put together, its ports open, until it is closed. */
import type { FastifyInstance } from 'fastify'
import { type Config, oneWayMs, parseHttpAddress, parsePeerAddress } from '../src/config/index.ts'
import type { Gateway } from '../src/http/gateway.ts'
import { createHttpServer } from '../src/http/server.ts'
import {
  type Cluster,
  type Log,
  NODE_DEFAULTS,
  Node,
  type NodeId,
  type Protocol,
  type ReadMode,
  type Receive,
  type Replica,
} from '../src/index.ts'
import { CountedStore, exposition, Meters, type Observed } from '../src/metrics/index.ts'
import { realRandom } from '../src/runtime/chance.ts'
import type { ConnectedTransport } from '../src/runtime/connected-transport.ts'
import { Faults } from '../src/runtime/faults.ts'
import type { InProcessHub } from '../src/runtime/in-process-transport.ts'
import { realClock } from '../src/runtime/real-clock.ts'
import type { OpenStorage } from '../src/runtime/storage/open.ts'
import { TcpTransport } from '../src/runtime/tcp-transport.ts'
import { UdpTransport } from '../src/runtime/udp-transport.ts'
import { WideArea } from '../src/runtime/wide-area.ts'

/** The least a frame may have, whatever bodies are allowed. */
const FRAME_BYTES = 16 * 1024 * 1024

/** How long a node that closes looks for another one to take over. */
const HANDOVER_MS = 2000

/** How long a node that closes waits for answers before it gives the requests left the honest one that there is none. */
const ANSWERS_MS = 2500

/** What a host is made from. */
export interface HostOptions {
  readonly config: Config
  readonly cluster: Cluster
  readonly id: NodeId
  readonly protocol: Protocol
  /** The protocol's checked options. */
  readonly options: unknown
  /** The node's records; the host closes it. */
  readonly storage: OpenStorage
  /** Joins the nodes of this process; null for sockets. */
  readonly hub: InProcessHub | null
  /** The nodes that take datagrams. */
  readonly overUdp: ReadonlySet<NodeId>
  readonly bootstrap: boolean
  /** The path of reads that name none. */
  readonly read: ReadMode
  readonly log: Log
  readonly onFailure: (error: unknown) => void
}

export class Host {
  readonly node: Node
  readonly replica: Replica
  readonly #options: HostOptions
  readonly #store: CountedStore
  readonly #meters = new Meters()
  readonly #sockets: TcpTransport | UdpTransport | null
  /** Null where the configuration puts all nodes into one place. */
  readonly #wideArea: WideArea | null
  /** Null where the configuration does not allow them. */
  readonly #faults: Faults | null
  readonly #http: FastifyInstance
  #opening = Promise.resolve()
  /** Whether nothing is left of its end but what its disk still does. */
  waitsForDisk = false

  constructor(options: HostOptions) {
    const { config, cluster, id, protocol, storage } = options
    const log = this.#meters.wrapLog(options.log)
    this.#options = { ...options, log }
    this.#store = new CountedStore({ multiversion: config.multiversion })
    let receive: Receive = () => {}
    const deliver: Receive = (from, frame) => receive(from, frame)
    this.#sockets = options.hub ? null : this.#openSockets(storage.incarnation, deliver)
    const near: ConnectedTransport = this.#sockets ?? options.hub!.join(id, deliver, log)
    const random = realRandom()
    const peerBytes = config.limits.peer_bytes
    const { links } = config
    const distant = links.preset !== undefined || Object.keys(links.rtt_ms).length > 0
    this.#wideArea = distant
      ? new WideArea(near, { oneWayMs: (from) => oneWayMs(links, from, id), clock: realClock, peerBytes })
      : null
    const transport = this.#wideArea ?? near
    this.#faults = config.fault_injection
      ? new Faults(transport, { cluster, self: id, clock: realClock, random, log, peerBytes })
      : null
    const handled = () => this.node.load.handled
    const leader = () => this.replica.status().leader?.name ?? null
    const parts = {
      transport: this.#meters.traffic.wrap(this.#faults ?? transport),
      clock: this.#meters.wrapClock(realClock, handled, leader),
      random,
      storage: this.#meters.wrapStorage(storage),
      stateMachine: this.#store,
      log,
      onFailure: options.onFailure,
    }
    const { timeouts, limits } = config
    const bounds = {
      requestTimeoutMs: timeouts.request_ms,
      maxRequests: limits.requests,
      maxCommandBytes: this.#frameBytes / 2,
      maxInbox: limits.inbox,
      maxInboxBytes: limits.inbox_bytes,
      maxUnsyncedBytes: limits.unsynced_bytes,
      maxSessions: NODE_DEFAULTS.maxSessions,
      bootstrap: options.bootstrap,
      epochMs: NODE_DEFAULTS.epochMs,
      compareMs: timeouts.compare_ms,
    }
    this.node = new Node(id, cluster, parts, bounds)
    this.replica = protocol.create(this.node, options.options)
    const take = this.#meters.traffic.filter((from, frame) => this.node.receive(from, frame))
    const struck = this.#faults?.filter(take) ?? take
    receive = this.#wideArea?.filter(struck) ?? struck
    this.#http = createHttpServer(this.#gateway(), { bodyLimit: limits.body_bytes, openLimit: limits.open_bytes })
  }

  /**
   * Opens the ports and starts the node.
   * @throws the system's error when an address is taken
   */
  open(): Promise<void> {
    this.#opening = this.#open()
    return this.#opening
  }

  async #open(): Promise<void> {
    const { config, id, log } = this.#options
    const { host, port } = parseHttpAddress(config.http_address[id.name]!)
    // Ports before anything is sent: a node that cannot serve does not join.
    await this.#http.listen({ host, port })
    await this.#sockets?.listen()
    log.info('listening', { peers: config.address[id.name], clients: config.http_address[id.name] })
    this.node.start(this.replica)
  }

  /**
   * Answers what is under way, hands over what only this node does if others are to go on, frees the ports and the data
   * directory, and stops.
   */
  async close(others: boolean): Promise<void> {
    const { log } = this.#options
    log.info('closing')
    // What is half open cannot be closed.
    await this.#opening.catch(() => {})
    const timer = setTimeout(() => this.node.expire(), ANSWERS_MS)
    await Promise.all([this.#http.close(), others ? this.#handOver() : null])
    clearTimeout(timer)
    this.node.stop()
    this.#faults?.close()
    this.#wideArea?.close()
    this.#options.hub?.leave(this.#options.id)
    await this.#sockets?.close()
    this.waitsForDisk = true
    await this.#options.storage.close()
    this.waitsForDisk = false
    log.info('closed')
  }

  /** Bounded in time: there may be nobody to take over. */
  #handOver(): Promise<void> {
    const { replica, node } = this
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, HANDOVER_MS)
      const done = () => {
        clearTimeout(timer)
        resolve()
      }
      if (!replica.retire || !node.memory || node.failure) done()
      else node.setTimer(0, () => replica.retire!(done))
    })
  }

  /** The longest frame that is taken from a peer. */
  get #frameBytes(): number {
    return Math.max(FRAME_BYTES, 4 * this.#options.config.limits.body_bytes)
  }

  #openSockets(incarnation: number, receive: Receive): TcpTransport | UdpTransport {
    const { config, cluster, id, protocol, overUdp, log } = this.#options
    const { timeouts, limits } = config
    const addresses = new Map(cluster.members.map(({ name }) => [name, parsePeerAddress(config.address[name]!)]))
    // A getter: the protocol registers its messages only after the node has its transport. Who takes shorter frames is kept
    // out: what one node may propose and another cannot hear would stop them all.
    const language = () => `${protocol.name} ${this.node.messages.fingerprint} ${this.#frameBytes}`
    const introduction = {
      cluster: config.cluster,
      get language() {
        return language()
      },
      name: id.name,
      incarnation,
      secret: config.secret ?? '',
    }
    const options = {
      cluster,
      self: id,
      introduction,
      addresses,
      log,
      connectMs: timeouts.connect_ms,
      backoffMs: timeouts.backoff_ms,
      backoffMaxMs: timeouts.backoff_max_ms,
      peerBytes: limits.peer_bytes,
      frameBytes: this.#frameBytes,
    }
    return overUdp.size > 0 ? new UdpTransport({ ...options, overUdp }, receive) : new TcpTransport(options, receive)
  }

  #gateway(): Gateway {
    const { id, cluster, protocol } = this.#options
    const random = realRandom()
    const { load } = this.node
    return {
      id,
      get room() {
        return load.room
      },
      cluster,
      offers: {
        sessions: protocol.sessions !== 'none',
        compareAndSet: protocol.compareAndSet,
        order: protocol.sessions === 'log',
        properties: protocol.properties ?? false,
        reads: protocol.reads ?? [],
      },
      read: this.#options.read,
      ballots: this.node.ballots,
      submit: this.#meters.requests.wrap((command, read, respond, properties) =>
        this.node.submit(command, read, respond, properties),
      ),
      nonce: () => random.below(2 ** 32),
      lengthOf: (key) => this.#store.lengthOf(key),
      history: (key) => this.#store.history(key),
      state: () => this.#state(),
      readiness: () => this.#readiness(),
      faults: this.#faults,
      metrics: exposition({ meters: this.#meters, node: this.#observed() }),
    }
  }

  #observed(): Observed {
    const { id, protocol, storage } = this.#options
    const sockets = this.#sockets
    return {
      name: id.name,
      algorithm: protocol.name,
      messages: () => this.node.messages.kinds,
      load: () => this.node.load,
      status: () => this.replica.status(),
      ready: () => this.#readiness().ready,
      round: () => this.node.ballots.round(this.replica.status().ballot),
      store: () => ({ applied: this.#store.applied, keys: this.#store.size, sessions: this.node.store.sessions.size }),
      links: () =>
        [...(sockets?.links ?? [])].map(({ peer, connection, connections, dropped }) => {
          return { peer, connected: connection !== null, connections, dropped }
        }),
      rejected: () => sockets?.rejected ?? 0,
      dropped: () => [
        ['inbox', this.node.load.dropped],
        ['datagram', sockets instanceof UdpTransport ? sockets.dropped : 0],
        ['distance', this.#wideArea?.dropped ?? 0],
        ['fault', this.#faults?.lost ?? 0],
      ],
      faults: () => this.#faults?.kinds ?? [],
      diskBytes: () => storage.bytes,
    }
  }

  #readiness(): { ready: boolean; reason: string } {
    if (this.node.failure) return { ready: false, reason: 'stopped by a defect' }
    if (this.#options.storage.forgot && this.node.founding.name === 0)
      return { ready: false, reason: 'has forgotten; waiting for a node that remembers the cluster' }
    if (!this.node.memory) return { ready: false, reason: this.#waiting() }
    const { syncMs } = this.node.load
    if (syncMs > this.#options.config.timeouts.request_ms)
      return { ready: false, reason: `its disk has been at one sync for ${Math.floor(syncMs / 1000)} s` }
    const { ready, reason } = this.replica.status()
    // It may well pass requests on; but who restarts the next node now may leave too few that remember.
    if (ready && this.node.memory === 'lost') return { ready: false, reason: `${reason}; counts in no quorum yet` }
    return { ready, reason }
  }

  /** What a node waits for that does not know yet what its memory is worth. */
  #waiting(): string {
    const { awaited, freshness } = this.node.founding
    const listed = (members: readonly NodeId[]) => members.map(({ name }) => name).join(', ')
    const parts = [
      freshness.forgetful.length > 0 ? `state lost at ${listed(freshness.forgetful)}` : '',
      freshness.isLost ? 'no majority remembers the cluster' : '',
      awaited.length > 0 ? `waiting for ${listed(awaited)}` : '',
    ].filter((part) => part !== '')
    return parts.length > 0 ? parts.join('; ') : 'about to start'
  }

  /** By node: how far this one's disk has come, and the last that it has heard of the others. */
  #epochs(): Record<string, number> {
    const { cluster, freshness } = this.node
    return Object.fromEntries(cluster.members.map(({ name, index }) => [name, freshness.epochs[index]!]))
  }

  #state(): unknown {
    const { protocol, id, storage } = this.#options
    const { leader, ballot, ready: _, reason: __, ...status } = this.replica.status()
    const shown = { ballot: this.node.ballots.format(ballot), leader: leader?.name ?? null }
    const { founding, memory } = this.node
    const { dropped } = this.node.load
    const rejected = this.#sockets?.rejected ?? 0
    const common = {
      id: id.name,
      algorithm: protocol.name,
      ...this.#readiness(),
      memory,
      founding: founding.name,
      dropped,
      rejected,
    }
    // The disk names it for ever; but with the founding on record a node knows by its records whether it has its memory back.
    const matters = storage.damage !== null && (founding.name === 0 || memory === 'lost')
    const damage = matters ? { damage: storage.damage } : {}
    const epochs = storage.durable ? { epochs: this.#epochs() } : {}
    const faults = this.#faults ? { faults: this.#faults.list() } : {}
    return {
      ...common,
      ...damage,
      ...epochs,
      ...status,
      ...shown,
      keys: this.#store.size,
      hash: this.node.store.hash(),
      ...faults,
    }
  }
}
