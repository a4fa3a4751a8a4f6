/** A node on an older image of its disk takes no part before it has said that it has forgotten; no other takes its disk for one. */
import type { Arena, Invariant } from '../arena.ts'
import type { Process } from '../process.ts'

export function fresh(): Invariant {
  /** The last image of each process that is known to be one. */
  const found = new Map<Process, number>()
  return {
    name: 'fresh',
    afterStep({ processes }: Arena) {
      for (const process of processes) {
        const { node, disk } = process
        // One that has lost more than one memory may take the second for the first: it is repaired once more.
        if (node?.freshness.outdated && disk.generation === 0)
          return `${process.id.name} takes the newest disk that it has had for an older image`
        if (!disk.outdated || !node?.memory) continue
        // A protocol may give the memory back in the turn in which it is found to be lost.
        if (node.memory === 'lost' || node.freshness.outdated) found.set(process, disk.generation)
        else if (found.get(process) !== disk.generation)
          return `${process.id.name} takes an older image of its disk for the newest`
      }
      return null
    },
  }
}
