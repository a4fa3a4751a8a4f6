/**
 * Puts an older image of its disk back under a node: whole, each byte right, and without what came later. It is one of an
 * epoch that all others have heard the end of (`freshness.ts`): a younger one no node could tell. What came later is lost
 * to the node, so a majority that remembers must be left. In some strikes the others start anew, too.
 */
import type { Arena, Nemesis } from '../arena.ts'
import type { Process } from '../process.ts'
import { mayForget, remembering, revive, spare } from './kill.ts'

/** How often one looks whether a node has begun another epoch, and how many images of each disk are kept. */
const LOOK_MS = 50
const MOST_IMAGES = 8

export const staleDisk: Nemesis = {
  name: 'stale-disk',
  applies: (arena) => arena.durable && mayForget(arena),
  prepare(arena) {
    if (!arena.durable) return
    for (const process of remembering(arena)) takeImage(process)
    arena.world.after(LOOK_MS, () => staleDisk.prepare!(arena))
  },
  strike(arena) {
    const { world, chooser } = arena
    if (!arena.durable || spare(arena) <= 0) return null
    const candidates = remembering(arena).flatMap((process) => {
      const images = process.images.filter(({ epoch }) => isWitnessed(arena, process, epoch + 1))
      return images.length > 0 ? [{ process, images }] : []
    })
    if (candidates.length === 0) return null
    const { process, images } = chooser.pick(candidates)
    const restarted = chooser.chance(0.5) ? arena.processes.filter(({ alive, doomed }) => alive && !doomed) : [process]
    for (const each of restarted) each.crash()
    process.disk.restore(chooser.pick(images).copy)
    for (const each of restarted) {
      if (chooser.chance(0.2)) continue
      world.after(chooser.between(0, 300), () => {
        if (!each.alive) each.boot()
      })
    }
    return () => {
      for (const each of restarted) revive(each)
    }
  },
}

function takeImage({ node, disk, images }: Process): void {
  const { epoch } = node!.freshness
  if (images.at(-1)?.epoch === epoch) return
  images.push({ epoch, copy: disk.copy() })
  if (images.length > MOST_IMAGES) images.shift()
}

/** Whether all others that may ever be asked know this epoch of the process, and will after a crash. */
function isWitnessed({ processes, protocol }: Arena, { id, node }: Process, epoch: number): boolean {
  return processes.every((other) => {
    if (other.id === id || (protocol.abstains && other.node?.memory === 'lost')) return true
    return node!.freshness.knownTo(other.id) >= epoch && (other.node?.freshness.epochs[id.index] ?? 0) >= epoch
  })
}
