/** Recorded histories with known verdicts, read where they lie beside the project; skipped loudly without them. */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { casRegister, checkHistory, FORMATS, type FormatName, kv } from './index.ts'

const ROOT = new URL('../../../shared/histories/', import.meta.url)
const found = existsSync(ROOT)
if (!found) console.warn('SKIPPED: no ../shared/histories beside the project, so no recorded history was judged')

function rows(file: string): string[][] {
  const lines = found ? readFileSync(new URL(file, ROOT), 'utf8').split('\n') : []
  return lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.split('\t'))
}

function judge(file: string) {
  const name: FormatName = file.startsWith('etcd/') ? 'jepsen' : file.startsWith('kv/') ? 'porcupine-kv' : 'knossos'
  const { parse, initial } = FORMATS[name]
  const history = parse(readFileSync(new URL(file, ROOT), 'utf8'), file)
  const first = file.includes('rethink-fail-minimal') ? null : initial
  return { history, verdict: checkHistory(history, name === 'porcupine-kv' ? kv(first) : casRegister(first)) }
}

describe.skipIf(!found)('recorded histories', () => {
  const all = [...rows('verdicts.tsv'), ...rows('verdicts-knossos.tsv')]

  test('all have the known verdict, none is unknown, within 10 s', () => {
    const began = performance.now()
    const verdicts = all.map(([file]) => [file, judge(file!).verdict.verdict.replace(' ', '_')])
    expect(verdicts).toEqual(all.map(([file, , verdict]) => [file, verdict]))
    expect(verdicts.length).toBeGreaterThan(100)
    expect(performance.now() - began).toBeLessThan(10_000)
  })

  test.each(rows('verdicts.tsv'))('%s has as many operations and open ones as the table says', (...row) => {
    const { history } = judge(row[0]!)
    expect(history.length).toBe(Number(row[4]))
    expect(history.filter((o) => o.outcome === 'unknown').length).toBe(Number(row[6]))
  })

  test.each([
    ['bad-analysis', 21, 2, 14],
    ['rethink-fail-minimal', 1, 3, 4],
    ['immediate-failure', 1, 3, 3],
  ])('%s: process %i reads %i at index %i and cannot be placed', (name, client, output, index) => {
    const { verdict } = judge(`knossos/bad/${name}.edn`)
    expect(verdict).toMatchObject({
      verdict: 'not linearizable',
      operation: { client, op: 'get', output, return: index },
    })
  })
})
