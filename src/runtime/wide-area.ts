/**
 * Distance between nodes: a wrapper around a transport under which each frame arrives later by what it would have needed
 * on its way. The receiver holds the frames back: so what was sent to one life of it dies with that life, and what an
 * earlier life of a peer sent comes before what its next one sends.
 */
import type { NodeId } from '../node-id.ts'
import type { Clock, Receive } from '../seams.ts'
import type { ConnectedTransport } from './connected-transport.ts'
import { DelayLine } from './delay-line.ts'

/** A shorter way is not worth a timer, whose grain is a millisecond: the machine's own delays are of that size. */
const LEAST_MS = 0.5

/** How far the peers are. */
export interface WideAreaOptions {
  /** What a frame needs from this peer to here. */
  readonly oneWayMs: (from: NodeId) => number
  readonly clock: Clock
  /** Bytes that may be on their way from one peer; beyond, frames are dropped. */
  readonly peerBytes: number
}

/** The way from one peer. */
interface Way {
  readonly delayMs: number
  readonly line: DelayLine<Uint8Array>
}

export class WideArea implements ConnectedTransport {
  /** Frames that found no room on their way. */
  dropped = 0
  readonly #inner: ConnectedTransport
  readonly #options: WideAreaOptions
  readonly #ways = new Map<NodeId, Way>()

  constructor(inner: ConnectedTransport, options: WideAreaOptions) {
    this.#inner = inner
    this.#options = options
  }

  send(to: NodeId, frames: readonly Uint8Array[]): boolean {
    return this.#inner.send(to, frames)
  }

  connection(to: NodeId): object | null {
    return this.#inner.connection(to)
  }

  /** What follows bytes that are no message is not heard either. */
  reject(from: NodeId, reason: string): void {
    this.#ways.get(from)?.line.clear()
    this.#inner.reject(from, reason)
  }

  watch(lost: (peer: NodeId) => void): void {
    this.#inner.watch?.(lost)
  }

  /** What to call instead of `receive`. */
  filter(receive: Receive): Receive {
    return (from, frame) => {
      let way = this.#ways.get(from)
      if (!way) {
        way = this.#wayOf(from, receive)
        this.#ways.set(from, way)
      }
      if (way.delayMs < LEAST_MS) receive(from, frame)
      else if (!way.line.push(frame, frame.length, way.delayMs)) this.dropped += 1
    }
  }

  /** Loses what is on its way; nothing rings afterwards. */
  close(): void {
    for (const { line } of this.#ways.values()) line.clear()
  }

  #wayOf(from: NodeId, receive: Receive): Way {
    const { oneWayMs, clock, peerBytes } = this.#options
    return { delayMs: oneWayMs(from), line: new DelayLine(clock, peerBytes, (frame) => receive(from, frame)) }
  }
}
