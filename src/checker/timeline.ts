/** The operations of one key on one axis: every call and every return gets its own rank, so only ranks are compared. */
import type { Operation } from './operation.ts'

/** The rank of a return that never comes. */
export const NEVER = 0x7fffffff

/** The operations of one key, ordered by call, and the order of their events. */
export interface Timeline {
  readonly operations: readonly Operation[]
  /** The rank of each operation's call. An operation precedes another if its return's rank is below the other's call. */
  readonly call: Int32Array
  /** The rank of each operation's return, `NEVER` for an unknown outcome. */
  readonly end: Int32Array
  /** The operations that returned, by their indices, in the order of their returns. */
  readonly byReturn: Int32Array
}

/** Ranks the events of `operations`, none of which has failed. At equal times calls come first: they are concurrent. */
export function timeline(operations: readonly Operation[]): Timeline {
  const sorted = operations.toSorted((a, b) => a.call - b.call)
  const ended: number[] = []
  for (let i = 0; i < sorted.length; i++) if (sorted[i]!.outcome === 'ok') ended.push(i)
  ended.sort((a, b) => sorted[a]!.return - sorted[b]!.return)
  const call = new Int32Array(sorted.length)
  const end = new Int32Array(sorted.length).fill(NEVER)
  let rank = 0
  let next = 0
  for (const i of ended) {
    const time = sorted[i]!.return
    while (next < sorted.length && sorted[next]!.call <= time) call[next++] = rank++
    end[i] = rank++
  }
  while (next < sorted.length) call[next++] = rank++
  return { operations: sorted, call, end, byReturn: Int32Array.from(ended) }
}
