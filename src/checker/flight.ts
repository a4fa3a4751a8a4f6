/** What the searching judges know of operations before they start: which are alike, and which bit each one has. */
import type { Model } from './model.ts'
import { NEVER, type Timeline } from './timeline.ts'

/** For each operation the one of its kind that returns next before it; the open ones come last, by call. */
export function twins({ operations, byReturn, end }: Timeline, model: Model): Int32Array {
  const twin = new Int32Array(operations.length).fill(-1)
  const last = new Map<string, number>()
  const visit = (p: number) => {
    if (model.observes(operations[p]!)) return
    const kind = model.kind(operations[p]!)
    twin[p] = last.get(kind) ?? -1
    last.set(kind, p)
  }
  byReturn.forEach(visit)
  for (let p = 0; p < operations.length; p++) if (end[p] === NEVER) visit(p)
  return twin
}

/** A slot for each operation: for those that end one of `ended`, shared in turn, for the others their own behind these. */
export function slots({ operations, call, end, byReturn }: Timeline): {
  slot: Int32Array
  ended: number
  open: number
} {
  const slot = new Int32Array(operations.length)
  const free: number[] = []
  let ended = 0
  let returned = 0
  for (let p = 0; p < operations.length; p++) {
    if (end[p] === NEVER) continue
    while (returned < byReturn.length && end[byReturn[returned]!]! < call[p]!) free.push(slot[byReturn[returned++]!]!)
    slot[p] = free.pop() ?? ended++
  }
  const first = 32 * ((ended + 31) >>> 5)
  let open = 0
  for (let p = 0; p < operations.length; p++) if (end[p] === NEVER) slot[p] = first + open++
  return { slot, ended, open }
}
