/**
 * What faults that damage disks share: a process dies, and something happens to the bytes that it leaves behind. What is
 * damaged is lost to the node, so a majority that remembers must be left.
 */
import type { Arena } from '../arena.ts'
import type { Chooser } from '../chooser.ts'
import { remembering, spare } from './kill.ts'

/** Kills one process and changes one file on its disk; it starts again when that is undone. */
export function damageOne(
  arena: Arena,
  change: (bytes: Uint8Array, chooser: Chooser) => Uint8Array,
): (() => void) | null {
  if (!arena.durable || spare(arena) <= 0) return null
  const { chooser } = arena
  const process = chooser.pick(remembering(arena))
  const { files } = process.disk.image()
  process.crash(0)
  const name = chooser.pick([...files.keys()])
  files.set(name, change(files.get(name)!, chooser))
  process.disk.put(files)
  return () => {
    if (!process.alive) process.boot()
  }
}
