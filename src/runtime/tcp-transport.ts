/** Nodes over TCP: one connection for each direction of each pair, so that who sends is who dialled. */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { FrameReader } from '../codec/frame.ts'
import { SynodError } from '../errors.ts'
import type { Cluster, NodeId } from '../node-id.ts'
import type { Log, Receive } from '../seams.ts'
import type { ConnectedTransport } from './connected-transport.ts'
import * as handshake from './handshake.ts'
import { type LinkOptions, type Outbound, PeerLink } from './peer-link.ts'

/** Connections that have not introduced themselves yet; more are turned away. */
const STRANGERS = 256
/** So often it is told to all why somebody who calls itself a member is turned away, or any stranger; else to those who debug. */
const TELL_MS = 60_000

/** Where a node listens, and where it finds the others. */
export interface TcpOptions extends LinkOptions {
  readonly cluster: Cluster
  readonly self: NodeId
  readonly introduction: handshake.Introduction
  /** By member name. */
  readonly addresses: ReadonlyMap<string, { readonly host: string; readonly port: number }>
  readonly log: Log
}

/** An incoming connection of a peer. */
export interface Inbound {
  readonly socket: Socket
  /** Which memory of the peer has dialled. */
  readonly incarnation: number
  /** For datagrams beside the connection. */
  readonly key: Uint8Array
}

export class TcpTransport implements ConnectedTransport {
  /** Inbound connections closed for what they sent. */
  rejected = 0
  readonly #options: TcpOptions
  readonly #receive: Receive
  readonly #server: Server
  readonly #links = new Map<NodeId, PeerLink>()
  readonly #inbound = new Map<NodeId, Inbound>()
  readonly #sockets = new Set<Socket>()
  /** When it was told last why who calls itself a member was turned away; of all strangers under undefined. */
  readonly #toldAt = new Map<NodeId | undefined, number>()
  #lost: (peer: NodeId) => void = () => {}
  #strangers = 0

  /** @param receive called with each whole frame of an authenticated peer */
  constructor(options: TcpOptions, receive: Receive) {
    this.#options = options
    this.#receive = receive
    this.#server = createServer({ noDelay: true }, (socket) => this.#meet(socket))
  }

  /**
   * Listens, and dials the others from now on.
   * @throws the system's error when the address is taken or not this machine's
   */
  async listen(): Promise<void> {
    const { cluster, self, addresses, introduction, log } = this.#options
    const { host, port } = addresses.get(self.name)!
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host, port }, () => {
        this.#server.off('error', reject)
        this.#server.on('error', (error) => log.error('listener failed', { error: String(error) }))
        resolve()
      })
    })
    for (const peer of cluster.members) {
      if (peer === self) continue
      this.#links.set(peer, new PeerLink(peer, addresses.get(peer.name)!, introduction, this.#options, log))
    }
  }

  send(to: NodeId, frames: readonly Uint8Array[]): boolean {
    return this.#links.get(to)?.send(frames) ?? false
  }

  connection(to: NodeId): Outbound | null {
    return this.#links.get(to)?.connection ?? null
  }

  /** The outgoing connections, once it listens. */
  get links(): Iterable<PeerLink> {
    return this.#links.values()
  }

  /** The connection by which this peer sends; null while there is none. */
  inbound(from: NodeId): Inbound | null {
    return this.#inbound.get(from) ?? null
  }

  /** Where it listens. */
  get address(): AddressInfo {
    return this.#server.address() as AddressInfo
  }

  reject(from: NodeId, reason: string): void {
    this.rejected += 1
    this.#options.log.warn('peer rejected', { peer: from.name, reason })
    this.#inbound.get(from)?.socket.destroy()
    if (this.#inbound.delete(from)) this.#lost(from)
  }

  watch(lost: (peer: NodeId) => void): void {
    this.#lost = lost
  }

  /** Frees the port and ends all connections. */
  async close(): Promise<void> {
    for (const link of this.#links.values()) link.close()
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  #meet(socket: Socket): void {
    const { connectMs, introduction, cluster, frameBytes } = this.#options
    socket.on('error', () => {})
    if (this.#strangers >= STRANGERS) {
      this.rejected += 1
      socket.destroy()
      return
    }
    this.#strangers += 1
    this.#sockets.add(socket)
    const nonce = handshake.newNonce()
    const reader = new FrameReader(handshake.HANDSHAKE_LIMIT)
    let peer: NodeId | null = null
    let claimed: NodeId | undefined
    const patience = setTimeout(() => socket.destroy(), connectMs)
    const settle = () => {
      clearTimeout(patience)
      this.#strangers -= 1
    }
    socket.once('close', () => {
      this.#sockets.delete(socket)
      if (!peer) settle()
      else if (this.#inbound.get(peer)?.socket === socket) {
        this.#inbound.delete(peer)
        this.#lost(peer)
      }
    })
    const onFrame = (frame: Uint8Array) => {
      // What a closed connection still had in its buffer is not heard.
      if (socket.destroyed) return
      if (peer) {
        this.#receive(peer, frame)
        return
      }
      const m = handshake.readHandshake(handshake.Hello, frame)
      claimed = cluster.find(m.from)
      handshake.checkHello(introduction, m, nonce)
      if (!claimed || claimed === this.#options.self)
        throw new SynodError('malformed', `there is no other node ${m.from}`)
      peer = claimed
      settle()
      // A node that dials again has lost its earlier connection, whether this side knows it or not.
      const earlier = this.#inbound.get(peer)
      earlier?.socket.destroy()
      if (earlier) this.#lost(peer)
      const key = handshake.datagramKey(introduction, { from: m.from, to: m.to }, nonce, m.nonce)
      this.#inbound.set(peer, { socket, incarnation: m.incarnation, key })
      reader.limit = frameBytes
      socket.write(handshake.welcome(introduction, m))
      // Who has just started waits for answers.
      this.#links.get(peer)?.hasten()
    }
    socket.on('data', (chunk) => {
      try {
        reader.push(chunk, onFrame)
      } catch (error) {
        this.#turnAway(socket, peer, claimed, error)
      }
    })
    socket.write(handshake.handshakeFrame(handshake.Challenge, { version: handshake.PROTOCOL_VERSION, nonce }))
  }

  /** @param claimed the member that it says it is, without proof */
  #turnAway(socket: Socket, peer: NodeId | null, claimed: NodeId | undefined, error: unknown): void {
    this.rejected += 1
    const { log } = this.#options
    const reason = error instanceof Error ? error.message : String(error)
    const from = socket.remoteAddress
    if (peer) log.warn('peer rejected', { peer: peer.name, reason })
    else if (this.#isNews(claimed)) log.warn('connection refused', { from, reason })
    else log.debug('connection refused', { from, reason })
    socket.destroy()
  }

  /** Who has misconfigured a node looks for the reason; strangers must not fill a log. */
  #isNews(claimed: NodeId | undefined): boolean {
    const now = performance.now()
    if (now - (this.#toldAt.get(claimed) ?? Number.NEGATIVE_INFINITY) < TELL_MS) return false
    this.#toldAt.set(claimed, now)
    return true
  }
}
