/** The lock of a directory, between real processes. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Lock } from './lock.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'synod-lock-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const HELD = { code: 'storage', message: expect.stringMatching(/: held by another process$/) }

test('one at a time, one after another', async () => {
  const first = await Lock.take(directory)
  await expect(Lock.take(directory)).rejects.toMatchObject(HELD)
  expect(readdirSync(directory)).toHaveLength(1)
  await first.release()
  expect(readdirSync(directory)).toEqual([])
  await (await Lock.take(directory)).release()
})

test('of many at once at most one gets it, and somebody gets it in the end', async () => {
  for (let round = 0; round < 20; round++) {
    const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => Lock.take(directory)))
    const taken = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
    expect(taken.length).toBeLessThanOrEqual(1)
    for (const lock of taken) await lock.release()
  }
  await (await Lock.take(directory)).release()
})

/** A process that holds the lock, as a server would. */
async function holder() {
  const source = `
    import { createServer } from 'node:net'
    createServer(() => {}).listen(process.argv[1], () => console.log('listening'))`
  const args = ['--input-type=module', '-e', source, join(directory, 'lock.0123456789abcdef')]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  return child
}

test('a process that is killed or stopped: killed it holds nothing, stopped it holds on', async () => {
  const child = await holder()
  try {
    await expect(Lock.take(directory)).rejects.toMatchObject(HELD)
    child.kill('SIGSTOP')
    await expect(Lock.take(directory)).rejects.toMatchObject(HELD)
  } finally {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  expect(readdirSync(directory)).toEqual(['lock.0123456789abcdef'])
  const lock = await Lock.take(directory)
  expect(readdirSync(directory)).toHaveLength(1)
  await lock.release()
})

test('a path longer than the address of a socket, and files that are no locks', async () => {
  const deep = join(directory, 'x'.repeat(120), 'y'.repeat(120))
  mkdirSync(deep, { recursive: true })
  writeFileSync(join(deep, 'lock.txt'), '')
  const lock = await Lock.take(deep)
  await expect(Lock.take(deep)).rejects.toMatchObject(HELD)
  await lock.release()
  expect(readdirSync(deep)).toEqual(['lock.txt'])
})
