/** The program as its users start it: what it tells, one line for what is wrong, the exit code. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'

const program = fileURLToPath(new URL('./explore.ts', import.meta.url))

const folder = mkdtempSync(join(tmpdir(), 'synod-explore-'))
const plugin = join(folder, 'selfish.ts')
afterAll(() => rmSync(folder, { recursive: true }))

/** A protocol whose nodes answer from their own store, and tell nobody. */
const SELFISH = `
import { defineProtocol } from '${new URL('../src/index.ts', import.meta.url)}'
export default defineProtocol({
  name: 'selfish', paper: 'none', consistency: 'linearizable', sessions: 'none', compareAndSet: false,
  options: () => ({}), progress: () => true,
  create: (node) => ({
    onStart() {},
    onRequest(request) { if (request.take()) node.reply(request, node.execute(request.command), null) },
    status: () => ({ ready: true, reason: '', leader: null, ballot: 0, executed: null }),
  }),
})
`

function explore(...args: string[]) {
  const node = ['--conditions=source', '--import', 'tsx', program, ...args]
  const { status, stdout, stderr } = spawnSync(process.execPath, node, { encoding: 'utf8', timeout: 50_000 })
  return { status, stdout: stdout.trimEnd().split('\n'), stderr: stderr.trimEnd().split('\n') }
}

describe('explore', () => {
  test('a scope that was seen whole is 0, and tells its size', () => {
    const { status, stdout } = explore('-algorithm', 'abd', '-commands', 'put@1.1', '-losses', '0')
    expect(status).toBe(0)
    expect(stdout).toEqual([
      expect.stringMatching(/^states: \d{2,}, by \d{2,} moves, \d+ of them ends$/),
      expect.stringMatching(/^single nodes: \d+ states, \d+ steps executed$/),
      expect.stringMatching(/^depth: \d+$/),
      'exhausted: yes',
    ])
  })

  test('one that was not is 4', () => {
    const { status, stdout } = explore('-limit', '50')
    expect([status, stdout.at(-1)]).toEqual([4, 'exhausted: no'])
  })

  test('a violation is 1, and the moves that led to it are told first', () => {
    writeFileSync(plugin, SELFISH)
    const { status, stdout } = explore('-algorithm', plugin)
    expect(status).toBe(1)
    expect(stdout).toContain('1.1 is asked to put x v1')
    expect(stdout.find((line) => line.startsWith('violated: '))).toBeDefined()
  })

  test.each([
    [['-commands', 'put@1.9'], 'flag -commands: "put@1.9" is not get@NODE or put@NODE with a node from 1.1 to 1.3'],
    [['-nodes', '10'], 'flag -nodes needs a number from 1 to 9'],
    [['-timers', '-1'], 'flag -timers needs a number of at least 0'],
    [['-limit', '0'], 'flag -limit needs a number from 1 to'],
  ])('%s is 2, with one line', (args, message) => {
    const { status, stderr } = explore(...args)
    expect(status).toBe(2)
    expect(stderr).toHaveLength(1)
    expect(stderr[0]).toContain(message)
  })
})
