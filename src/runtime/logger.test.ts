/** The lines of the log are what docs/operating.md shows: levels in words, the time, the fields, the event last. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openLog } from './logger.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'synod-log-'))
})
afterEach(() => rmSync(root, { recursive: true }))

/** The lines that a node writes at this level, each level once. */
function written(level: 'debug' | 'info' | 'warning' | 'error'): string[] {
  const directory = join(root, 'logs', level)
  const log = openLog({ level, directory, name: 'server.1.1' }).child({ node: '1.1' })
  log.debug('connected', { peer: '1.2' })
  log.info('campaign', { ballot: '2.1.1', from: 41 })
  log.warn('no quorum answers')
  log.error('stopped', { error: 'a reason' })
  return readFileSync(join(directory, 'server.1.1.log'), 'utf8').trimEnd().split('\n')
}

test('a line has its level in words', () => {
  const time = '"time":"2026-01-01T12:00:00.000Z"'
  const lines = written('debug').map((line) => line.replace(/"time":"\d{4}-\d\d-\d\dT[\d:.]{12}Z"/, time))
  expect(lines).toEqual([
    `{"level":"debug",${time},"node":"1.1","peer":"1.2","msg":"connected"}`,
    `{"level":"info",${time},"node":"1.1","ballot":"2.1.1","from":41,"msg":"campaign"}`,
    `{"level":"warn",${time},"node":"1.1","msg":"no quorum answers"}`,
    `{"level":"error",${time},"node":"1.1","error":"a reason","msg":"stopped"}`,
  ])
})

test.each([
  ['info', 3],
  ['warning', 2],
  ['error', 1],
] as const)('%s leaves out what is less grave', (level, count) => {
  expect(written(level)).toHaveLength(count)
})
