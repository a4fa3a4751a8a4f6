/** Faults by request: a wrapper around a transport that loses what it is told to. Memory and HTTP are not touched. */
import type { NodeId } from '../node-id.ts'
import type { Clock, Receive, Transport } from '../seams.ts'

export class Faults implements Transport {
  readonly #inner: Transport
  readonly #clock: Clock
  #crashedUntil = 0
  readonly #droppedUntil = new Map<NodeId, number>()

  constructor(inner: Transport, clock: Clock) {
    this.#inner = inner
    this.#clock = clock
  }

  /** The node neither sends nor receives for so many seconds; for ever if they are not positive. */
  crash(seconds: number): void {
    this.#crashedUntil = this.#end(seconds)
  }

  /** What the node sends to `to` is lost for so many seconds; for ever if they are not positive. */
  drop(to: NodeId, seconds: number): void {
    this.#droppedUntil.set(to, this.#end(seconds))
  }

  send(to: NodeId, frames: readonly Uint8Array[]): void {
    if (this.#crashed || (this.#droppedUntil.get(to) ?? 0) > this.#clock.now()) return
    this.#inner.send(to, frames)
  }

  reject(from: NodeId, reason: string): void {
    this.#inner.reject(from, reason)
  }

  /** What to call instead of `receive`. */
  filter(receive: Receive): Receive {
    return (from, frame) => {
      if (!this.#crashed) receive(from, frame)
    }
  }

  get #crashed(): boolean {
    return this.#crashedUntil > this.#clock.now()
  }

  #end(seconds: number): number {
    return seconds > 0 ? this.#clock.now() + seconds * 1000 : Number.POSITIVE_INFINITY
  }
}
