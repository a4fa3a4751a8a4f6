/**
 * A promise is on disk before it is told. Looked at in what nodes say: what a node did not have on its disk it has
 * forgotten after a crash, and shows no sign of it.
 */
import type { NodeId } from '../../node-id.ts'
import type { Arena, Invariant } from '../arena.ts'
import type { Process } from '../process.ts'
import { Hearsay } from './hearsay.ts'
import { slotted } from './slotted.ts'

/** What tells of a promise, in protocols with slots and ballots: who opens a ballot promises it, and so does who follows. */
const TELLING = ['Prepare', 'Prepared']

/** A promise, and how many records its node's disk holds once it is safe there. */
interface Made {
  readonly ballot: number
  readonly records: number
}

export function promises(): Invariant {
  const told = new Hearsay<{ readonly ballot: number }>(...TELLING)
  /** By node the promises it has made in this life, the lowest first. */
  const made = new Map<NodeId, { readonly life: number; readonly promises: Made[] }>()

  function observe({ id, life, disk }: Process, promised: number): readonly Made[] {
    let known = made.get(id)
    if (known?.life !== life) made.set(id, (known = { life, promises: [] }))
    if ((known.promises.at(-1)?.ballot ?? -1) < promised)
      known.promises.push({ ballot: promised, records: disk.marks.appended })
    return known.promises
  }

  return {
    name: 'promises kept',
    afterStep(arena: Arena) {
      // Without a disk a node that dies is known to have forgotten. Where all is explored there is no network.
      if (!arena.durable || !arena.network) return null
      const said = told.take(arena)
      for (const process of arena.processes) {
        const replica = slotted(process)
        if (!replica) continue
        const own = observe(process, replica.promised)
        for (const { from, message } of said) {
          if (from !== process.id) continue
          const { ballot } = message
          const promise = own.find((one) => one.ballot >= ballot)
          if (promise && promise.records <= process.disk.marks.synced) continue
          return `${from.name} has told a promise of ${ballot} that is not on its disk`
        }
      }
      return null
    },
  }
}
