/** Brings back what the records of a node say, in the order in which they were made. */
import type { Paxos } from './paxos.ts'
import type { Executed, Piece, Promised, Voted } from './records.ts'

export class Recovery {
  /** The pieces of a snapshot so far. */
  pieces: Uint8Array[] = []
  readonly #paxos: Paxos

  constructor(paxos: Paxos) {
    this.#paxos = paxos
  }

  recoverPromised({ ballot }: Promised): void {
    this.#paxos.promised = ballot
  }

  recoverVoted({ slot, ballot, commands }: Voted): void {
    const { log } = this.#paxos
    if (slot >= log.floor) log.vote(slot, ballot, commands)
  }

  recoverExecuted({ slot }: Executed): void {
    const { log } = this.#paxos
    for (const entry of log.from(log.executed)) {
      if (entry.slot >= slot) break
      entry.chosen = true
    }
    this.#paxos.advance()
    this.#paxos.recorded = slot
  }

  recoverPiece({ slot, piece, last, data }: Piece): void {
    if (piece === 0) this.pieces = []
    this.pieces.push(data)
    if (!last) return
    this.#paxos.node.store.restore(this.pieces)
    this.#paxos.log.reset(slot)
    this.pieces = []
  }
}
