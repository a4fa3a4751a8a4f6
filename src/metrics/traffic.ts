/** Counts the frames of a node by message number: a wrapper around its transport, and around what the transport calls. */
import { frameNumber } from '../codec/frame.ts'
import type { NodeId } from '../node-id.ts'
import type { Receive, Transport } from '../seams.ts'

/** Message numbers count from 0, and there are few. What a peer sends beyond is no message of ours, and is not counted. */
const NUMBERS = 1024

/** Frames of one direction by message number. */
export class FrameCount {
  readonly frames = new Float64Array(NUMBERS)
  readonly bytes = new Float64Array(NUMBERS)

  add(frame: Uint8Array): void {
    const number = frameNumber(frame)
    if (number >= NUMBERS) return
    this.frames[number]! += 1
    this.bytes[number]! += frame.length
  }
}

export class Traffic {
  readonly sent = new FrameCount()
  readonly received = new FrameCount()

  /** What to use instead of `transport`. */
  wrap(transport: Transport): Transport {
    const { sent } = this
    return {
      send(to: NodeId, frames: readonly Uint8Array[]): boolean {
        for (const frame of frames) sent.add(frame)
        return transport.send(to, frames)
      },
      reject: (from, reason) => transport.reject(from, reason),
      watch: (lost) => transport.watch?.(lost),
    }
  }

  /** What to call instead of `receive`. */
  filter(receive: Receive): Receive {
    const { received } = this
    return (from, frame) => {
      received.add(frame)
      receive(from, frame)
    }
  }
}
