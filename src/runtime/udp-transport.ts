/**
 * Nodes over UDP. Beside it there is a TCP connection for each direction of each pair, as without UDP: its handshake gives
 * both ends a key, and its life bounds that of the datagrams. So what was sent to one life of a node, or by an earlier one,
 * has no valid key any more. Long frames, and those that must keep their order, travel on that connection.
 */
import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { frameNumber } from '../codec/frame.ts'
import type { NodeId } from '../node-id.ts'
import { FORWARD_NUMBER } from '../node-messages.ts'
import type { Receive } from '../seams.ts'
import type { ConnectedTransport } from './connected-transport.ts'
import { DATAGRAM_HEADER, framesOf, isGenuine, readHead, sealDatagram } from './datagram.ts'
import type { PeerLink } from './peer-link.ts'
import { ReplayWindow } from './replay-window.ts'
import { type TcpOptions, TcpTransport } from './tcp-transport.ts'

/** Longer frames travel by TCP: a datagram cannot be longer than 65,507 bytes. */
export const LONGEST_DATAGRAM_FRAME = 60_000

/** Frames are packed into one datagram up to this, which fits the usual links undivided. */
const PACK_BYTES = 1400

/** Asked of the system, which may give less: a burst is lost where it does not fit. */
const BUFFER_BYTES = 4 * 1024 * 1024

export interface UdpOptions extends TcpOptions {
  /** The nodes that take datagrams; the others are reached by TCP alone. */
  readonly overUdp: ReadonlySet<NodeId>
}

export class UdpTransport implements ConnectedTransport {
  /** Frames that the system would not take. */
  dropped = 0
  readonly #options: UdpOptions
  readonly #receive: Receive
  readonly #tcp: TcpTransport
  readonly #sockets = new Map<'udp4' | 'udp6', Socket>()
  /** The number of the last datagram of each outgoing connection. */
  readonly #sequences = new WeakMap<object, number>()
  /** Which datagrams of each incoming connection have come. */
  readonly #windows = new WeakMap<object, ReplayWindow>()
  #refused = 0
  #closed = false

  /** @param receive called with each whole frame of an authenticated peer */
  constructor(options: UdpOptions, receive: Receive) {
    this.#options = options
    this.#receive = receive
    this.#tcp = new TcpTransport(options, receive)
  }

  /** Inbound connections closed, and datagrams dropped, for what they were. */
  get rejected(): number {
    return this.#tcp.rejected + this.#refused
  }

  /**
   * Listens on both, and dials the others from now on.
   * @throws the system's error when the address is taken or not this machine's
   */
  async listen(): Promise<void> {
    await this.#tcp.listen()
    if (!this.#options.overUdp.has(this.#options.self)) return
    const { address, port } = this.#tcp.address
    const socket = this.#open(isIPv6(address) ? 'udp6' : 'udp4')
    socket.on('message', (datagram) => this.#take(datagram))
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject)
        socket.bind({ address, port, exclusive: true }, () => {
          socket.off('error', reject)
          resolve()
        })
      })
    } catch (error) {
      await this.close()
      throw error
    }
  }

  /** The outgoing connections, once it listens. */
  get links(): Iterable<PeerLink> {
    return this.#tcp.links
  }

  connection(to: NodeId): object | null {
    return this.#tcp.connection(to)
  }

  send(to: NodeId, frames: readonly Uint8Array[]): boolean {
    if (!this.#options.overUdp.has(to)) return this.#tcp.send(to, frames)
    let left = false
    let pack: Uint8Array[] = []
    let bytes = DATAGRAM_HEADER
    for (const frame of frames) {
      if (goesByConnection(frame)) {
        left = this.#tcp.send(to, [frame]) || left
        continue
      }
      if (pack.length > 0 && bytes + frame.length > PACK_BYTES) {
        left = this.#sendPack(to, pack) || left
        pack = []
        bytes = DATAGRAM_HEADER
      }
      pack.push(frame)
      bytes += frame.length
    }
    if (pack.length > 0) left = this.#sendPack(to, pack) || left
    return left
  }

  /** The connection that the datagram belongs to is closed, and with it its key is gone. */
  reject(from: NodeId, reason: string): void {
    this.#tcp.reject(from, reason)
  }

  watch(lost: (peer: NodeId) => void): void {
    this.#tcp.watch(lost)
  }

  /** Frees the ports and ends all connections. */
  async close(): Promise<void> {
    this.#closed = true
    for (const socket of this.#sockets.values()) socket.close()
    this.#sockets.clear()
    await this.#tcp.close()
  }

  #sendPack(to: NodeId, frames: readonly Uint8Array[]): boolean {
    const connection = this.#tcp.connection(to)
    if (!connection || this.#closed) return false
    const { cluster, self, introduction, addresses, peerBytes } = this.#options
    const socket = this.#open(isIPv6(connection.host) ? 'udp6' : 'udp4')
    if (socket.getSendQueueSize() > peerBytes * cluster.size) {
      this.dropped += frames.length
      return false
    }
    const sequence = (this.#sequences.get(connection) ?? 0) + 1
    this.#sequences.set(connection, sequence)
    const head = { from: self.index, incarnation: introduction.incarnation, sequence }
    const datagram = sealDatagram(head, connection.key, frames)
    socket.send(datagram, addresses.get(to.name)!.port, connection.host, (error) => {
      if (error) this.dropped += frames.length
    })
    return true
  }

  #take(datagram: Buffer): void {
    const head = readHead(datagram)
    const from = head ? this.#options.cluster.members[head.from] : undefined
    const connection = from ? this.#tcp.inbound(from) : null
    if (!head || !from || connection?.incarnation !== head.incarnation || !isGenuine(datagram, connection.key)) {
      this.#refuse(from, 'unknown or forged')
      return
    }
    let window = this.#windows.get(connection)
    if (!window) {
      window = new ReplayWindow()
      this.#windows.set(connection, window)
    }
    if (!window.accept(head.sequence)) {
      this.#refuse(from, 'repeated, or far too late')
      return
    }
    let frames: readonly Uint8Array[]
    try {
      frames = framesOf(datagram)
    } catch (error) {
      this.reject(from, error instanceof Error ? error.message : String(error))
      return
    }
    for (const frame of frames) {
      // A frame before may have closed the connection.
      if (this.#tcp.inbound(from) === connection) this.#receive(from, frame)
    }
  }

  #refuse(from: NodeId | undefined, reason: string): void {
    this.#refused += 1
    this.#options.log.debug('datagram refused', { from: from?.name ?? 'nobody', reason })
  }

  /** The socket of this kind: the bound one, or one only for sending to nodes that have another kind of address. */
  #open(kind: 'udp4' | 'udp6'): Socket {
    let socket = this.#sockets.get(kind)
    if (!socket) {
      socket = createSocket({ type: kind, recvBufferSize: BUFFER_BYTES, sendBufferSize: BUFFER_BYTES })
      // Errors of sending go to its callback; those of the socket itself lose datagrams, as a network may.
      socket.on('error', (error) => this.#options.log.error('datagram socket', { error: String(error) }))
      this.#sockets.set(kind, socket)
    }
    return socket
  }
}

/**
 * Whether a frame travels by TCP: what is too long for a datagram, and clients' requests, whatever their length. A network
 * may reorder datagrams, and a short frame would overtake a long one, so that of two writes of one connection the first would
 * win. Nor is a request repeated when it is lost, as what protocols say is.
 */
function goesByConnection(frame: Uint8Array): boolean {
  return frame.length > LONGEST_DATAGRAM_FRAME || frameNumber(frame) === FORWARD_NUMBER
}
