// Outlives a test worker that was killed: when its stdin ends, it ends the processes and removes the directories that
// the worker had announced and not taken back. Lines: `+` or `-`, then a pid, a path, or `mount:` and a path.
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { createInterface } from 'node:readline'

const left = new Set()
for await (const line of createInterface({ input: process.stdin })) {
  if (line.startsWith('+ ')) left.add(line.slice(2))
  else left.delete(line.slice(2))
}
const isPid = (entry) => /^[0-9]+$/.test(entry)
for (const entry of [...left].filter(isPid)) {
  try {
    process.kill(Number(entry), 'SIGKILL')
  } catch {
    // It ended by itself.
  }
}
const isMount = (entry) => entry.startsWith('mount:')
// Lazily: who was killed just now may still have files open.
for (const entry of [...left].filter(isMount)) spawnSync('umount', ['-l', entry.slice('mount:'.length)])
for (const entry of left)
  if (!isPid(entry) && !isMount(entry)) rmSync(entry, { recursive: true, force: true, maxRetries: 5 })
