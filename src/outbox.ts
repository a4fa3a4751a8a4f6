/**
 * Output commit: what a node says leaves only when the records it rests on are on disk.
 *
 * Each output carries the number of the last record persisted before it, its gate, whoever emitted it: a handler, a
 * timer, a read. An urgent output has gate 0. What may leave is handed out at the end of the turn, one write per peer.
 */
import type { NodeId } from './node-id.ts'
import { Fifo } from './parts/fifo.ts'

/** About what a held output takes besides its bytes. */
const HELD_BYTES = 256

interface Held {
  readonly gate: number
  readonly bytes: number
  readonly to: NodeId | null
  readonly frame: Uint8Array | null
  readonly action: (() => void) | null
}

export class Outbox {
  /** Outputs whose records are not synced yet. Gates never fall from one to the next, so the head goes first. */
  readonly #held = new Fifo<Held>()
  readonly #frames: Uint8Array[][]
  readonly #touched: NodeId[] = []
  #actions: (() => void)[] = []
  /** How many bytes the held ones have, and the frames that may leave. */
  heldBytes = 0
  readyBytes = 0

  constructor(size: number) {
    this.#frames = Array.from({ length: size }, () => [])
  }

  /** Adds a frame for a peer. */
  addFrame(to: NodeId, frame: Uint8Array, gate: number, synced: number): void {
    if (gate > synced) this.#hold({ gate, bytes: frame.length, to, frame, action: null })
    else this.#ready(to, frame)
  }

  /** Adds something to do after the frames have left, which keeps so many bytes: an answer to a client, a message to this node itself. */
  addAction(action: () => void, gate: number, synced: number, bytes = 0): void {
    if (gate > synced) this.#hold({ gate, bytes, to: null, frame: null, action })
    else this.#actions.push(action)
  }

  /** Frees the outputs that rest on records up to `synced`. */
  release(synced: number): void {
    for (let head = this.#held.peek(); head && head.gate <= synced; head = this.#held.peek()) {
      this.#held.shift()
      this.heldBytes -= HELD_BYTES + head.bytes
      if (head.frame && head.to) this.#ready(head.to, head.frame)
      else if (head.action) this.#actions.push(head.action)
    }
  }

  /** Hands out what may leave: first the frames, peer by peer, then the actions. */
  flush(send: (to: NodeId, frames: readonly Uint8Array[]) => void): void {
    for (const to of this.#touched) {
      const frames = this.#frames[to.index]!
      this.#frames[to.index] = []
      send(to, frames)
    }
    this.#touched.length = 0
    this.readyBytes = 0
    if (this.#actions.length === 0) return
    const actions = this.#actions
    this.#actions = []
    for (const action of actions) action()
  }

  /** How many outputs wait for the disk. */
  get held(): number {
    return this.#held.size
  }

  #hold(held: Held): void {
    this.heldBytes += HELD_BYTES + held.bytes
    this.#held.push(held)
  }

  #ready(to: NodeId, frame: Uint8Array): void {
    const frames = this.#frames[to.index]!
    if (frames.length === 0) this.#touched.push(to)
    this.readyBytes += frame.length
    frames.push(frame)
  }
}
