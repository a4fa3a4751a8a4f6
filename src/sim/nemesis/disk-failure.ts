/** What faults share in which a disk does not work: whose it is, and that its node ends and is started again. */
import type { Arena } from '../arena.ts'
import { DiskError } from '../disk.ts'

/** Lets a disk fail as `error` says until it is undone; meanwhile its node is started again and again. */
export function failOne(arena: Arena, error: (doing: 'read' | 'write') => string | null): (() => void) | null {
  const { world, chooser, processes, durable } = arena
  const process = chooser.pick(processes)
  if (!durable || !process.alive || process.doomed) return null
  const trouble = (doing: 'read' | 'write') => {
    const code = error(doing)
    return code === null ? null : new DiskError(code)
  }
  let on = true
  process.disk.troubles.add(trouble)
  const again = () => {
    if (!on) return
    if (!process.alive) process.boot()
    world.after(chooser.between(20, 500), again)
  }
  world.after(chooser.between(20, 500), again)
  return () => {
    on = false
    process.disk.troubles.delete(trouble)
    // A process that is paused has not noticed yet. It would end when it goes on, and nobody would start it again.
    if (process.disk.failed) process.crash()
    if (!process.alive) process.boot()
  }
}
