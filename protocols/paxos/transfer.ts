/** Snapshots on their way: the reader pulls piece after piece, so neither side holds up its own work. */
import type { NodeId } from '#core'
import type { Download, Downloaded } from './messages.ts'

/** How many heartbeats a snapshot is kept for a reader that does not come back: it may be slow, or install what it has. */
const UPLOAD_PATIENCE = 300

/**
 * How often a piece is asked for again in vain, until another source is tried: fewer times of one that may be dead, where
 * there is a leader, which is heard.
 */
const REPEATS = 4
const REPEATS_UNHEARD = 1

interface Upload {
  readonly id: number
  readonly slot: number
  readonly pieces: Iterator<Uint8Array>
  /** The piece sent last, kept in case it was lost. */
  sent: Downloaded
  /** The one after it, already made: only so is it known whether `sent` is the last. */
  next: IteratorResult<Uint8Array>
  /** How many bytes were sent so far. */
  bytes: number
  /** How many heartbeats ago its reader was heard. */
  idle: number
}

/** The snapshots this node gives out: one a reader, each frozen when its first piece was asked for. */
export class Uploads {
  readonly byReader = new Map<NodeId, Upload>()

  /** The piece asked for. When that snapshot is gone, the first piece of a new one. */
  answer(m: Download, reader: NodeId, executed: number, snapshot: () => Iterable<Uint8Array>): Downloaded {
    const upload = this.byReader.get(reader)
    if (!upload || m.id !== upload.id || m.piece < upload.sent.piece || m.piece > upload.sent.piece + 1) {
      return this.#begin(m.id, reader, executed, snapshot)
    }
    upload.idle = 0
    if (m.piece === upload.sent.piece || upload.next.done) return upload.sent
    return advance(upload, m.piece)
  }

  /** How long the snapshots are, as far as they were sent. */
  get bytes(): number {
    return [...this.byReader.values()].reduce((sum, { bytes }) => sum + bytes, 0)
  }

  /** A reader that has all of a snapshot is still there, and learns what has come after it. */
  touch(reader: NodeId): void {
    const upload = this.byReader.get(reader)
    if (upload?.sent.last) upload.idle = 0
  }

  /** Once a heartbeat: drops snapshots of which nobody has asked for more. */
  expire(): void {
    for (const [reader, upload] of this.byReader) {
      upload.idle += 1
      if (upload.idle > UPLOAD_PATIENCE) this.#drop(reader, upload)
    }
  }

  #begin(id: number, reader: NodeId, slot: number, snapshot: () => Iterable<Uint8Array>): Downloaded {
    const old = this.byReader.get(reader)
    if (old) this.#drop(reader, old)
    const pieces = snapshot()[Symbol.iterator]()
    const none = { id, slot, piece: -1, last: false, data: new Uint8Array(0) }
    const upload: Upload = { id, slot, pieces, sent: none, next: pieces.next(), bytes: 0, idle: 0 }
    this.byReader.set(reader, upload)
    return advance(upload, 0)
  }

  #drop(reader: NodeId, upload: Upload): void {
    upload.pieces.return?.()
    this.byReader.delete(reader)
  }
}

function advance(upload: Upload, piece: number): Downloaded {
  const data = upload.next.done ? new Uint8Array(0) : upload.next.value
  upload.next = upload.pieces.next()
  upload.bytes += data.length
  upload.sent = { id: upload.id, slot: upload.slot, piece, last: upload.next.done === true, data }
  return upload.sent
}

/** A snapshot on its way here. */
export class Incoming {
  readonly source: NodeId
  readonly id: number
  slot = 0
  /** What has arrived: all pieces from the first on. */
  pieces: Uint8Array[] = []
  complete = false
  /** How often its next piece was asked for again, while nothing has come. */
  #repeats = 0

  /** @param id tells this download from earlier ones */
  constructor(source: NodeId, id: number) {
    this.source = source
    this.id = id
  }

  /** The next piece is to be asked for again; false when its source seems to be gone, or to be worse than the leader. */
  repeat(leader: NodeId | null): boolean {
    this.#repeats += 1
    return this.#repeats <= (leader === null || leader === this.source ? REPEATS : REPEATS_UNHEARD)
  }

  /** Takes a piece; true when it was the one asked for. A first piece starts the snapshot anew. */
  take(m: Downloaded, from: NodeId): boolean {
    if (from !== this.source || m.id !== this.id || this.complete) return false
    if (m.piece === 0 && (m.slot !== this.slot || this.pieces.length === 0)) {
      this.slot = m.slot
      this.pieces = []
    }
    // From a source that has forgotten what it was sending all begins anew, which is a download of its own.
    if (m.slot !== this.slot || m.piece !== this.pieces.length) return false
    this.#repeats = 0
    this.pieces.push(m.data)
    this.complete = m.last
    return true
  }
}
