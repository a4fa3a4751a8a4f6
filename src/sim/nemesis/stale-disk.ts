/**
 * Puts an older image of its disk back under a node: whole, each byte right, and without what came later. It is one of an
 * epoch that enough others have heard the end of (`freshness.ts`): a younger one no node could tell. What came later is lost
 * to the node, so a majority that remembers must be left. In some strikes the others start anew, too.
 */
import type { Arena, Nemesis } from '../arena.ts'
import type { Process } from '../process.ts'
import { mayForget, remembering, revive, spare } from './kill.ts'

/** How often one looks whether a node has begun another epoch, and how many images of each disk are kept. */
const LOOK_MS = 50
const MOST_IMAGES = 8

/** Longer than a run: who waits so long for all others compares with all of them. */
export const PATIENT_MS = 1e9

export const staleDisk: Nemesis = {
  name: 'stale-disk',
  applies: (arena) => arena.durable && mayForget(arena),
  prepare(arena) {
    if (!arena.durable) return
    for (const process of arena.processes) takeImage(process)
    arena.world.after(LOOK_MS, () => staleDisk.prepare!(arena))
  },
  strike(arena) {
    const { world, chooser, processes } = arena
    if (!arena.durable || spare(arena) <= 0) return null
    const candidates = remembering(arena).flatMap((process) => {
      const images = process.images.filter(({ epoch }) => isWitnessed(arena, process, epoch + 1))
      return images.length > 0 ? [{ process, images }] : []
    })
    if (candidates.length === 0) return null
    const { process, images } = chooser.pick(candidates)
    // Also those who were dead: they know the least.
    const restarted = chooser.chance(0.5) ? processes.filter(({ doomed }) => !doomed) : [process]
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

/** Also of before the cluster began, which is in the first epoch. */
function takeImage({ node, doomed, disk, images }: Process): void {
  if (!node || doomed || node.freshness.comparing || node.memory === 'lost') return
  const { epoch } = node.freshness
  if (images.length > 0 && images.at(-1)!.epoch >= epoch) return
  images.push({ epoch, copy: disk.copy() })
  if (images.length > MOST_IMAGES) images.shift()
}

/**
 * Whether enough others know this epoch of the process, and will after a crash, for it to be told of it. Where nodes wait
 * for all, so many that one of them is sure to remember; else all that may ever be asked.
 */
function isWitnessed(arena: Arena, { id, node }: Process, epoch: number): boolean {
  const { processes, protocol, nodeOptions } = arena
  const asked = processes.filter((other) => other.id !== id && !(protocol.abstains && other.node?.memory === 'lost'))
  const known = (other: Process) => other.node?.freshness.epochs[id.index] ?? 0
  const knowing = asked.filter((other) => node!.freshness.knownTo(other.id) >= epoch && known(other) >= epoch)
  return knowing.length >= (nodeOptions.compareMs < PATIENT_MS ? asked.length : Math.min(asked.length, spare(arena)))
}
