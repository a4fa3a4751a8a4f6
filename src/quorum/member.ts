/** Membership checks that all quorums share: only the cluster's own, interned ids count. */
import { SynodError } from '../errors.ts'
import type { NodeId } from '../node-id.ts'

/** The most members whose set fits in one small integer. Beyond that `1 << index` wraps: `1 << 32` is `1`. */
export const NARROW = 31

/**
 * Refuses a node that is not of the quorum's cluster.
 * @throws SynodError `internal`, always
 */
export function stranger(id: NodeId): never {
  throw new SynodError('internal', `${id.name} is not a member of the cluster that this quorum is over`)
}

/**
 * The distinct nodes of `ids`.
 * @throws SynodError `internal` when one is not in `members`
 */
export function distinct(members: readonly NodeId[], ids: Iterable<NodeId>): Set<NodeId> {
  const set = new Set<NodeId>()
  for (const id of ids) {
    if (members[id.index] !== id) stranger(id)
    set.add(id)
  }
  return set
}

/** Whether bit `index` of a wide set is on. */
export function isOn(words: Uint32Array, index: number): boolean {
  return (words[index >>> 5]! & (1 << (index & 31))) !== 0
}

/** Turns bit `index` of a wide set on; false when it was on before. */
export function turnOn(words: Uint32Array, index: number): boolean {
  if (isOn(words, index)) return false
  words[index >>> 5]! |= 1 << (index & 31)
  return true
}

/** An empty wide set for `size` members. */
export function wideSet(size: number): Uint32Array {
  return new Uint32Array((size + 31) >>> 5)
}
