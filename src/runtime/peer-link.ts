/** The outgoing half of a pair of nodes: dials, introduces itself, sends; dials again after a pause when it fails. */
import { connect, type Socket } from 'node:net'
import { FrameReader } from '../codec/frame.ts'
import type { NodeId } from '../node-id.ts'
import type { Log } from '../seams.ts'
import * as handshake from './handshake.ts'

/** Frames up to this size together are copied into one write; above, the copy would cost more than it saves. */
const JOIN_BYTES = 65_536

/** Waiting times and bounds of links. */
export interface LinkOptions {
  readonly connectMs: number
  readonly backoffMs: number
  readonly backoffMaxMs: number
  /** Bytes that may wait for a slow peer; beyond, frames are dropped. */
  readonly peerBytes: number
  /** Frames longer than this are refused. */
  readonly frameBytes: number
}

/** An outgoing connection that is made. */
export interface Outbound {
  /** The address that the peer's name stands for. */
  readonly host: string
  /** For datagrams beside the connection. */
  readonly key: Uint8Array
}

export class PeerLink {
  readonly peer: NodeId
  /** Null while there is no connection. */
  connection: Outbound | null = null
  /** How often it was made. */
  connections = 0
  /** Frames dropped because the peer was away or slow. */
  dropped = 0
  readonly #address: { readonly host: string; readonly port: number }
  readonly #self: handshake.Introduction
  readonly #options: LinkOptions
  readonly #log: Log
  #socket: Socket | null = null
  #retry: NodeJS.Timeout | null = null
  #pauseMs: number
  #closed = false

  constructor(
    peer: NodeId,
    address: { readonly host: string; readonly port: number },
    self: handshake.Introduction,
    options: LinkOptions,
    log: Log,
  ) {
    this.peer = peer
    this.#address = address
    this.#self = self
    this.#options = options
    this.#log = log
    this.#pauseMs = options.backoffMs
    this.#dial()
  }

  /** One write; nothing is kept for a peer that is away, since protocols repeat what matters. False when it was dropped. */
  send(frames: readonly Uint8Array[]): boolean {
    const socket = this.#socket
    if (!this.connection || !socket || socket.writableLength > this.#options.peerBytes) {
      this.dropped += frames.length
      return false
    }
    // The socket's own word is about its buffer: what it was given may leave whatever it says.
    if (frames.length === 1) {
      socket.write(frames[0]!)
      return true
    }
    let bytes = 0
    for (const frame of frames) bytes += frame.length
    if (bytes <= JOIN_BYTES) {
      socket.write(Buffer.concat(frames, bytes))
      return true
    }
    socket.cork()
    for (const frame of frames) socket.write(frame)
    socket.uncork()
    return true
  }

  /** The peer has shown that it is there: a pause before the next dial is over. */
  hasten(): void {
    if (!this.#retry) return
    clearTimeout(this.#retry)
    this.#pauseMs = this.#options.backoffMs
    this.#dial()
  }

  close(): void {
    this.#closed = true
    this.connection = null
    if (this.#retry) clearTimeout(this.#retry)
    this.#socket?.destroy()
  }

  #dial(): void {
    this.#retry = null
    const socket = connect({ ...this.#address, noDelay: true })
    this.#socket = socket
    const patience = setTimeout(() => socket.destroy(), this.#options.connectMs)
    socket.once('close', () => {
      clearTimeout(patience)
      this.#lost()
    })
    // Every error is followed by a close.
    socket.on('error', () => {})
    const nonce = handshake.newNonce()
    const reader = new FrameReader(handshake.HANDSHAKE_LIMIT)
    let challenge: Uint8Array | null = null
    const onFrame = (frame: Uint8Array) => {
      if (!challenge) {
        challenge = handshake.readHandshake(handshake.Challenge, frame).nonce
        socket.write(handshake.hello(this.#self, this.peer.name, challenge, nonce))
        return
      }
      const welcome = handshake.readHandshake(handshake.Welcome, frame)
      if (this.connection || !handshake.checkWelcome(this.#self, welcome, this.peer.name, nonce)) {
        socket.destroy()
        return
      }
      clearTimeout(patience)
      const names = { from: this.#self.name, to: this.peer.name }
      this.#won({ host: socket.remoteAddress ?? '', key: handshake.datagramKey(this.#self, names, challenge, nonce) })
    }
    socket.on('data', (chunk) => {
      try {
        reader.push(chunk, onFrame)
      } catch {
        socket.destroy()
      }
    })
  }

  #won(connection: Outbound): void {
    this.connection = connection
    this.connections += 1
    this.#pauseMs = this.#options.backoffMs
    this.#log.debug('connected', { peer: this.peer.name })
  }

  #lost(): void {
    if (this.connection) this.#log.info('connection lost', { peer: this.peer.name })
    this.connection = null
    this.#socket = null
    if (this.#closed) return
    // Up to half of the pause again, so that nodes that lost each other together do not dial together.
    this.#retry = setTimeout(() => this.#dial(), this.#pauseMs * (1 + Math.random() / 2))
    this.#pauseMs = Math.min(this.#pauseMs * 2, this.#options.backoffMaxMs)
  }
}
