/** Servers whose log cannot be written: none ends for that, and one that ends for another reason says why on stderr. */
import { existsSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { type Program, requireBuilt, startFile, temporaryDirectory, until } from '../support/processes.ts'
import { ask, RealCluster } from './cluster.ts'

const SERVER = fileURLToPath(new URL('../../bin/server', import.meta.url))
const DEVICE = '/dev/full'

/** One server, started by a shell: `command` has it as `"$@"`. */
async function start(command: string, ...flags: string[]): Promise<{ program: Program; url: string; data: string }> {
  requireBuilt()
  const data = temporaryDirectory()
  const cluster = await RealCluster.create(['1.1'], { storage: data })
  const words = [SERVER, '-id', '1.1', '-config', cluster.configFile, ...flags]
  const program = startFile('/bin/sh', ['-c', command, 'sh', ...words], data)
  const url = cluster.nodes['1.1']!
  await until('the server is ready', async () => (await ask('GET', `${url}/health/ready`)).status === 200)
  return { program, url, data }
}

/** A directory in which the log is a device on which there is no room. */
function fullDirectory(): string {
  const directory = temporaryDirectory()
  symlinkSync(DEVICE, join(directory, 'server.1.1.log'))
  return directory
}

describe.skipIf(!existsSync(DEVICE))('a log for which there is no room (skipped without /dev/full)', () => {
  test('is said once on stderr, and the server serves and ends in order', async () => {
    const directory = fullDirectory()
    const { program, url } = await start('exec "$@"', '-log_dir', directory)
    expect((await ask('PUT', `${url}/kv/a`, 'b')).status).toBe(200)
    program.signal('SIGTERM')
    const stderr = `${directory}/server.1.1.log: ENOSPC: no space left on device, write; lines of the log are dropped until it can be written\n`
    expect(await program.ended).toEqual({ code: 0, signal: null, stdout: '', stderr })
  })

  test('on stderr itself ends no server', async () => {
    const { program, url } = await start(`exec "$@" 2>${DEVICE}`)
    expect((await ask('PUT', `${url}/kv/a`, 'b')).status).toBe(200)
    program.signal('SIGTERM')
    expect(await program.ended).toMatchObject({ code: 0, signal: null })
  })

  test('keeps no server that ends for another reason from saying why', async () => {
    // A file may have so many blocks of 512 bytes: the disk fails with the first long record.
    const { program, url, data } = await start('ulimit -f 64 && exec "$@"', '-log_dir', fullDirectory())
    await ask('PUT', `${url}/kv/a`, 'b'.repeat(100_000)).catch(() => {})
    await until('the server has ended', () => !program.running)
    const { code, signal, stderr } = await program.ended
    const lines = stderr.trimEnd().split('\n')
    expect({ code, signal, count: lines.length }).toEqual({ code: 1, signal: null, count: 2 })
    expect(lines[1]).toBe(`${data}/1.1: EFBIG: file too large, write`)
  })
})
