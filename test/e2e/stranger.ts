/** A hand-made peer: dials a node's peer port and says what the test wants, or listens and hears who dials. */
import { connect, createServer, type Socket } from 'node:net'
import { FrameReader } from '../../src/codec/frame.ts'
import type { ValuesOf } from '../../src/codec/schema.ts'
import * as handshake from '../../src/runtime/handshake.ts'

/** What a dialler says of itself in its hello. */
export type Hello = ValuesOf<typeof handshake.Hello>

/** A connection to a node's peer port. */
export class Stranger {
  readonly socket: Socket
  /** The node's challenge; rejects when the connection ends before it. */
  readonly challenge: Promise<Uint8Array>
  /** Whether the node let it in; false when the connection ended instead. */
  readonly welcomed: Promise<boolean>

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.socket.on('error', () => {})
    const frames: Uint8Array[] = []
    const waiting: (() => void)[] = []
    const reader = new FrameReader(handshake.HANDSHAKE_LIMIT)
    const wake = () => {
      for (const look of waiting) look()
    }
    this.socket.on('data', (chunk) => {
      reader.push(chunk, (frame) => frames.push(Uint8Array.from(frame)))
      wake()
    })
    this.socket.once('close', wake)
    const frameAt = (index: number) =>
      new Promise<Uint8Array | null>((resolve) => {
        waiting.push(() => {
          if (frames[index] || this.socket.destroyed) resolve(frames[index] ?? null)
        })
      })
    this.challenge = frameAt(0).then((frame) => {
      if (!frame) throw new Error('closed before a challenge')
      return handshake.readHandshake(handshake.Challenge, frame).nonce
    })
    this.challenge.catch(() => {})
    this.welcomed = frameAt(1).then((frame) => frame !== null)
  }

  send(bytes: Uint8Array | string): void {
    this.socket.write(bytes)
  }

  /** Answers the challenge as `self`, with some fields of the hello replaced; gives whether it was let in. */
  async introduce(self: handshake.Introduction, to: string, replaced: Partial<Hello> = {}): Promise<boolean> {
    const challenge = await this.challenge
    const frame = handshake.hello(self, to, challenge, handshake.newNonce())
    const values = { ...handshake.readHandshake(handshake.Hello, frame), ...replaced }
    this.send(handshake.handshakeFrame(handshake.Hello, values))
    return this.welcomed
  }

  /** Whether the node ends the connection, at the latest after `ms`; afterwards it is ended in any case. */
  endsWithin(ms: number): Promise<boolean> {
    if (this.socket.destroyed) return Promise.resolve(true)
    return new Promise((resolve) => {
      const patience = setTimeout(() => {
        resolve(false)
        this.close()
      }, ms)
      this.socket.once('close', () => {
        clearTimeout(patience)
        resolve(true)
      })
    })
  }

  close(): void {
    this.socket.destroy()
  }
}

/** Listens where a dead member did until another node dials; gives its hello to the challenge `nonce`. */
export async function overhear(port: number, nonce: Uint8Array = handshake.newNonce()): Promise<Hello> {
  const sockets = new Set<Socket>()
  let hear: (hello: Hello) => void = () => {}
  const heard = new Promise<Hello>((resolve) => {
    hear = resolve
  })
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    const reader = new FrameReader(handshake.HANDSHAKE_LIMIT)
    const onFrame = (frame: Uint8Array) => hear(handshake.readHandshake(handshake.Hello, Uint8Array.from(frame)))
    socket.on('data', (chunk) => reader.push(chunk, onFrame))
    socket.write(handshake.handshakeFrame(handshake.Challenge, { version: handshake.PROTOCOL_VERSION, nonce }))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  try {
    return await heard
  } finally {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  }
}
