// Outlives a test worker that was killed: when its stdin ends, it ends the processes and removes the directories that
// the worker had announced and not taken back. Lines: `+ PID`, `- PID`, `+ PATH`, `- PATH`.
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
for (const entry of left) if (!isPid(entry)) rmSync(entry, { recursive: true, force: true, maxRetries: 5 })
