/** `cmd` as a shell: lines in a pipe, where nothing is adorned, and a terminal with history and completion. */
import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { runProgram, startFile, temporaryDirectory, until } from '../support/processes.ts'
import { RealCluster } from './cluster.ts'

const THREE = ['1.1', '1.2', '1.3']
const CMD = new URL('../../bin/cmd', import.meta.url).pathname
/** Gives a program a terminal; a part of every Linux. */
const SCRIPT = '/usr/bin/script'

async function started(): Promise<RealCluster> {
  const cluster = await RealCluster.create(THREE, { fault_injection: true, multiversion: true })
  await cluster.startAll('-log_level', 'warning')
  return cluster
}

function shell(cluster: RealCluster, ...lines: readonly string[]) {
  return runProgram('cmd', ['-config', cluster.configFile, '-id', '1.1'], lines.map((line) => `${line}\n`).join(''))
}

test('in a pipe every command says what it did, and nothing else is printed', async () => {
  const cluster = await started()
  const { code, stdout, stderr } = await shell(
    cluster,
    'put 7 "two words"',
    '',
    'get 7',
    "put -9223372036854775808 'x'",
    'get -9223372036854775808',
    'consensus 7',
    'state 1.2',
    'slow 1.1 1.2 1 600',
    'drop 1.2 1.1 600',
    'flaky 1.2 1.3 0 600',
    'partition 600 1.3',
    'crash 1.3 600',
    'heal 1.2 drop',
    'heal',
    'heal',
    'help',
    'exit',
    'get 1',
  )
  expect({ code, stderr }).toEqual({ code: 0, stderr: '3 nodes agree on a history of 1 value\n' })
  const answers = [
    /^wrote 9 bytes to key 7 by node 1\.\d( \(slot \d+, ballot [\d.]+\))?$/,
    /^two words$/,
    /^wrote 1 byte to key -9223372036854775808 by node 1\.\d/,
    /^x$/,
    /^true$/,
    /^1\.2 paxos executed \d+ hash \w+ ready$/,
    /^what 1\.1 sends to 1\.2 leaves 1 ms later for 600 seconds$/,
    /^what 1\.2 sends to 1\.1 is lost for 600 seconds$/,
    /^each message from 1\.2 to 1\.3 is lost with chance 0 for 600 seconds$/,
    /^1\.3 cut off from 1\.1, 1\.2 for 600 seconds$/,
    /^1\.3 is down for 600 seconds$/,
    /^1\.2 healed: drop 1\.1, /,
  ]
  const lines = stdout.split('\n')
  for (const [index, form] of answers.entries()) expect(lines[index]).toMatch(form)
  const healed = lines.slice(answers.length).filter((line) => / healed: (slow|flaky|partition|crash)/.test(line))
  // The partition is known to all three.
  expect(healed).toHaveLength(6)
  const rest = lines.slice(answers.length + healed.length)
  expect(rest.slice(0, 2)).toEqual(['there was no fault to heal', 'Commands:'])
  expect(rest.at(-1)).toBe('')
  expect(stdout).not.toContain('synod')
  expect(stdout).not.toContain('\u001b')
})

test.each([
  ['an absent key', 'get 99', 1, 'key 99 is absent (or its value is empty)'],
  ['a key that is none', 'get 01', 2, '01'],
  ['a key beyond 64 bits', 'put 9223372036854775808 x', 2, '9223372036854775808'],
  ['an unknown command', 'remove 1', 2, 'unknown command "remove"; try help'],
  ['too few words', 'put 1', 2, 'usage: put KEY VALUE'],
  ['too many words', 'get 1 2', 2, 'usage: get KEY'],
  ['an open quote', 'put 1 "x', 2, 'a quote is not closed'],
  ['a node that there is not', 'crash 9.9 1', 2, 'no node 9.9; known are 1.1, 1.2, 1.3'],
  ['a time that is none', 'crash 1.1 soon', 2, '"soon" is no whole number of seconds'],
  ['a chance that is none', 'flaky 1.1 1.2 2 1', 2, '"2" is no chance from 0 to 1'],
  ['a link to itself', 'drop 1.1 1.1 1', 2, '1.1 sends to itself by no link'],
  ['a partition of all', 'partition 1 1.1 1.2 1.3', 2, 'a partition needs nodes on both sides'],
  ['a fault that there is not', 'heal 1.1 floods', 2, 'there is no fault floods'],
])('in a pipe %s is said in one line, and the lines behind it are done', async (_what, line, code, said) => {
  // No command here but the first reaches a node, and that finds nothing: one node will do.
  const cluster = await RealCluster.create(THREE.slice(0, line === 'get 99' ? 1 : 3))
  if (line === 'get 99') await cluster.startAll('-log_level', 'warning')
  const result = await shell(cluster, line, 'help')
  expect(result.code).toBe(code)
  expect(result.stderr).toContain(said)
  expect(result.stderr.trimEnd()).not.toContain('\n')
  expect(result.stdout).toMatch(/^Commands:\n/)
})

if (existsSync(SCRIPT)) {
  test('on a terminal it shows where it is, completes with tab, and has the last line again with the arrow', async () => {
    const cluster = await RealCluster.create(['1.1'])
    await cluster.startAll('-log_level', 'warning')
    const line = `${CMD} -config ${cluster.configFile} -id 1.1`
    const terminal = startFile(SCRIPT, ['-qefc', line, '/dev/null'], temporaryDirectory(), null)
    const shown = () => terminal.stdout
    const type = async (keys: string, awaited: () => boolean) => {
      terminal.write(keys)
      await until(`${JSON.stringify(keys)} has its effect`, awaited)
    }
    const times = (text: string) => shown().split(text).length - 1
    await until('the prompt', () => shown().includes('synod 1.1> '))
    await type('put 1 kept\r', () => times('wrote 4 bytes') === 1)
    await type('sta\t', () => shown().includes('state '))
    await type('1.\t', () => shown().slice(shown().lastIndexOf('state')).includes('1.1'))
    await type('\r', () => times('1.1 paxos executed') === 1)
    await type('\u001b[A\r', () => times('1.1 paxos executed') === 2)
    await type('\u001b[A\u001b[A\r', () => times('wrote 4 bytes') === 2)
    await type('get 01\r', () => shown().includes('01'))
    terminal.write('exit\r')
    expect((await terminal.ended).code).toBe(0)
  })
} else {
  process.stdout.write(`SKIPPED the shell on a terminal: there is no ${SCRIPT}\n`)
}
