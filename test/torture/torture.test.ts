/** That torture is torture: a short round of it passes, and what it judges by finds each mistake. */
import { expect, test } from 'vitest'
import { loadProtocol } from '../../bin/protocols.ts'
import type { Operation } from '../../src/checker/index.ts'
import { judgeHistory, judgeVersions } from './judges.ts'
import { playRound } from './round.ts'

test('a round in which all are killed, with faults', async () => {
  const plan = { algorithm: 'paxos', nodes: 3, kill: 'all', faults: true, seed: 1, loadMs: 1000, recoveryMs: 30_000 }
  const report = await playRound({ ...plan, kill: 'all', protocol: await loadProtocol('paxos') })
  expect(report).toMatchObject({ failure: null, directory: null })
  expect(report.kills).toBeGreaterThanOrEqual(3)
  expect(report.acknowledged).toBeGreaterThanOrEqual(50)
})

test('each acknowledged write is executed once, where it was told, and no refused one is', () => {
  const write = (value: string, version: number) => ({ key: 'k', value, version })
  const judge = (values: string[], refused: string[] = []) =>
    judgeVersions({
      key: 'k',
      values,
      acknowledged: [write('a', 1), write('c', 3)],
      refused: refused.map((value) => ({ value })),
    })
  expect(judge(['a', 'of unknown outcome', 'c'], ['d'])).toBeNull()
  expect(judge(['a', 'b'])).toMatch(/1 acknowledged writes are gone, first "c"/)
  expect(judge(['a', 'b', 'c', 'a'])).toMatch(/executed twice: "a"/)
  expect(judge(['a', 'c'])).toMatch(/"c" was told version 3/)
  expect(judge(['a', 'd', 'c'], ['d'])).toMatch(/refused, and executed all the same: "d"/)
})

test('a stale read is found', () => {
  const at = (op: 'put' | 'get', value: string, call: number): Operation => ({
    client: 1,
    key: 'k',
    op,
    input: op === 'put' ? value : null,
    output: op === 'get' ? value : undefined,
    call,
    return: call + 1,
    outcome: 'ok',
  })
  const writes = [at('put', 'a', 1), at('put', 'b', 3)]
  expect(judgeHistory([...writes, at('get', 'b', 5)])).toBeNull()
  expect(judgeHistory([...writes, at('get', 'a', 5)])).toMatch(/^not linearizable/)
})
