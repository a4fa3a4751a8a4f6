/** What stands for all records of a Paxos node so far: its promise, a snapshot of the state, and the votes above it. */
import type { Paxos } from './paxos.ts'
import { Piece, Promised, Voted } from './records.ts'

/** The records of this moment; they are made as they are taken, while the replica goes on. */
export function dumpOf({ node, log, promised }: Paxos): Iterable<object> {
  const slot = log.executed
  const votes = [...log.from(slot)].map(({ slot, ballot, commands }) => new Voted({ slot, ballot, commands }))
  return recordsOf(new Promised({ ballot: promised }), slot, node.store.snapshot(), votes)
}

function* recordsOf(
  promised: Promised,
  slot: number,
  pieces: Iterable<Uint8Array>,
  votes: readonly Voted[],
): Generator<object> {
  yield promised
  let piece = 0
  let held: Uint8Array | null = null
  for (const data of pieces) {
    if (held) yield new Piece({ slot, piece: piece++, last: false, data: held })
    held = data
  }
  yield new Piece({ slot, piece, last: true, data: held ?? new Uint8Array(0) })
  yield* votes
}
