/** The program `sim` as its users start it: what it prints of seeds that fail, and that the printed command shows it again. */
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { runProgram } from '../support/processes.ts'

/** The example promises nothing once a node has crashed. */
const SEQUENCER = fileURLToPath(new URL('../../dist/examples/sequencer.js', import.meta.url))
const BREAKING = ['-algorithm', SEQUENCER, '-nodes', '1x1', '-faults', 'crash-one', '-storage', 'disk']

/** The lines about a seed's minimised run. */
function traceOf(stdout: string, seed: number): string {
  return new RegExp(`^seed ${seed}, minimised .*\n(?: .*\n)+`, 'm').exec(stdout)?.[0] ?? ''
}

describe('sim', () => {
  test('shows the traces of the first three seeds that fail, and the command that shows each again', async () => {
    const sweep = await runProgram('sim', [...BREAKING, '-seed', '2', '-seeds', '4'])
    expect(sweep.code).toBe(1)
    expect(sweep.stdout).toMatch(/\n0 passed, 4 failed\n$/)
    for (const seed of [2, 3, 4])
      expect(traceOf(sweep.stdout, seed)).toMatch(/\n +\d+\.\d{3} {2}violated: liveness: .*\n$/)
    expect(sweep.stdout).not.toContain('seed 5, minimised')
    const command = /^seed 2: .* \| npm run sim -- (.*)$/m.exec(sweep.stdout)![1]!
    const again = await runProgram('sim', command.split(' '))
    expect(again.code).toBe(1)
    expect(again.stdout).toMatch(/\n0 passed, 1 failed\n$/)
    expect(again.stdout).not.toContain('invalid sweep')
    expect(traceOf(again.stdout, 2)).toBe(traceOf(sweep.stdout, 2))
  })

  test('minimises nothing when told not to, and nothing that passes', async () => {
    const plain = await runProgram('sim', [...BREAKING, '-seeds', '1', '-minimise=false'])
    expect([plain.code, plain.stdout.includes('minimised')]).toEqual([1, false])
    const good = await runProgram('sim', ['-seeds', '1', '-nodes', '1x1', '-faults', 'pause'])
    expect([good.code, good.stdout.includes('minimised')]).toEqual([0, false])
  })

  test('a sweep is invalid where a named fault never struck, and only where nothing failed', async () => {
    const never = await runProgram('sim', ['-seeds', '1', '-nodes', '1x1', '-faults', 'partition-zone'])
    expect(never.code).toBe(1)
    expect(never.stdout).toMatch(/^invalid sweep: never struck: partition-zone$/m)
    expect(never.stdout).toMatch(/\n1 passed, 0 failed\n$/)
    const broken = BREAKING.map((word) => (word === 'crash-one' ? 'crash-one,partition-zone' : word))
    const failed = await runProgram('sim', [...broken, '-seeds', '1', '-minimise=false'])
    expect(failed.code).toBe(1)
    expect(failed.stdout).toMatch(/: liveness: .*\n/)
    expect(failed.stdout).not.toContain('invalid sweep')
  })
})
