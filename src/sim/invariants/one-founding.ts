/**
 * The cluster starts once: all that say that it has started give that start one name and one table of first members, for
 * ever. And until then a member's table only moves forward: what a dead life said last is not believed after what the next one says. Who
 * is not in that table with the memory it has does not take itself for one of the first.
 */
import type { NodeId } from '../../node-id.ts'
import type { Announce } from '../../node-messages.ts'
import type { Memory } from '../../replica.ts'
import type { Arena, Invariant } from '../arena.ts'
import { Hearsay, type Said } from './hearsay.ts'

type Table = readonly number[]

export function oneFounding(): Invariant {
  const announced = new Hearsay<Announce>('Announce')
  let first: Pick<Announce, 'founding' | 'seen'> | null = null
  /** By sender's life and receiver the table announced last, and the incarnations that were replaced in it. */
  const tables = new Map<string, { seen: Table; readonly left: Set<number> }>()

  function founded(from: NodeId, m: Announce, memory: Memory | null): string | null {
    const { founding, seen } = (first ??= m)
    if (m.founding !== founding) return `${from.name} is of founding ${m.founding}, others of ${founding}`
    if (memory === 'blank' && m.incarnation !== seen[from.index])
      return `${from.name} takes itself for blank, with memory ${m.incarnation}: the cluster began with ${seen}`
    if (m.seen.every((incarnation, index) => incarnation === seen[index])) return null
    return `${from.name} says that the cluster began with ${m.seen}, others that it began with ${seen}`
  }

  function gathers({ from, to, message: { seen } }: Said<Announce>, life: number): string | null {
    const name = `${from.name} in life ${life} to ${to.name}`
    const known = tables.get(name)
    if (!known) {
      tables.set(name, { seen, left: new Set() })
      return null
    }
    const back = seen.find((one) => known.left.has(one))
    // By order a member is left out while it is not heard; that is no other memory of it.
    known.seen = known.seen.map((one, index) => {
      const now = seen[index] || one
      if (one !== 0 && one !== now) known.left.add(one)
      return now
    })
    return back === undefined ? null : `${from.name} believes ${back} again, which it has left: the table is ${seen}`
  }

  return {
    name: 'one founding',
    afterStep(arena: Arena) {
      // Where all is explored there is no network.
      if (!arena.network) return null
      for (const said of announced.take(arena)) {
        const { from, message } = said
        const speaker = arena.processes.find(({ id }) => id === from)
        const memory = speaker?.node?.memory ?? null
        const fault = message.founding !== 0 ? founded(from, message, memory) : gathers(said, speaker?.life ?? 0)
        if (fault) return fault
      }
      return null
    },
  }
}
