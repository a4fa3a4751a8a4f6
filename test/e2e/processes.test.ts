/** That tests with real processes leave nothing behind, not even when the test run is killed. */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { isFree } from '../../src/runtime/free-ports.ts'
import { startProgram, temporaryDirectory, until } from '../support/processes.ts'
import { RealCluster } from './cluster.ts'

const GUARDIAN = fileURLToPath(new URL('guardian.mjs', import.meta.url))

describe.sequential('what a test starts', () => {
  let cluster: RealCluster
  let directory: string

  test('runs while the test runs', async () => {
    cluster = await RealCluster.create(['1.1'])
    directory = temporaryDirectory()
    await cluster.startAll()
    cluster.program('1.1').signal('SIGSTOP')
    expect(cluster.alive).toEqual(['1.1'])
  })

  test('is gone after it, even when it was stopped', async () => {
    expect(cluster.alive).toEqual([])
    expect(existsSync(directory)).toBe(false)
    expect(existsSync(cluster.configFile)).toBe(false)
    for (const port of [cluster.httpPort('1.1'), cluster.peerPort('1.1')]) expect(await isFree(port)).toBe(true)
  })

  test('is ended by the guardian when the worker is gone without a word', async () => {
    const guarded = mkdtempSync(join(tmpdir(), 'synod-guarded-'))
    const [kept, ended] = await Promise.all([RealCluster.create(['1.1']), RealCluster.create(['1.1'])])
    await Promise.all([kept.startAll(), ended.startAll()])
    writeFileSync(join(guarded, 'file'), '')
    const guardian = spawn(process.execPath, [GUARDIAN], { stdio: ['pipe', 'ignore', 'inherit'] })
    const pid = (cluster: RealCluster) => cluster.program('1.1').pid
    // The end of its input is all that a guardian sees of the death of its worker.
    guardian.stdin.end(`+ ${pid(kept)}\n+ ${pid(ended)}\n+ ${guarded}\n- ${pid(kept)}\n`)
    expect(await ended.program('1.1').ended).toMatchObject({ signal: 'SIGKILL' })
    await until('the directory is gone', () => !existsSync(guarded))
    await until('the guardian is gone', () => guardian.exitCode === 0)
    expect(kept.alive).toEqual(['1.1'])
  })

  test('is started in a directory of its own, where no config.json is found by chance', async () => {
    const { code, stderr } = await startProgram('server', ['-id', '1.1']).ended
    expect([code, stderr]).toEqual([2, 'config.json: there is no such file\n'])
  })
})
