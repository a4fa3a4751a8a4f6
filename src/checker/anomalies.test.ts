/** What Paxi's checker counts, on the kinds of history that its own tests look at. */
import { describe, expect, test } from 'vitest'
import { anomalies, type Operation } from './index.ts'

type Row = [op: 'put' | 'get', value: number, call: number, end: number]

function history(rows: readonly Row[]): Operation[] {
  return rows.map(([op, value, call, end], i) => ({
    client: i,
    key: 'k',
    op,
    input: op === 'put' ? value : null,
    output: op === 'get' ? value : undefined,
    call,
    return: end,
    outcome: 'ok',
  }))
}

describe('anomalous reads', () => {
  test.each<[string, number, Row[]]>([
    ['none without reads', 0, [['put', 1, 0, 9]]],
    [
      'none where write and read overlap',
      0,
      [
        ['put', 1, 0, 5],
        ['get', 1, 3, 9],
      ],
    ],
    [
      'none for values that nobody wrote, as in Paxi',
      0,
      [
        ['put', 1, 0, 5],
        ['get', 2, 6, 9],
        ['get', 3, 10, 12],
      ],
    ],
    [
      'none for a value that is written only later, as in Paxi',
      0,
      [
        ['get', 1, 0, 5],
        ['put', 1, 6, 9],
      ],
    ],
    [
      'none while old and new overlap',
      0,
      [
        ['put', 1, 0, 1],
        ['put', 2, 2, 90],
        ['get', 2, 5, 35],
        ['get', 1, 30, 60],
      ],
    ],
    [
      'one where the new value had been read before',
      1,
      [
        ['put', 1, 0, 1],
        ['put', 2, 2, 90],
        ['get', 2, 5, 25],
        ['get', 1, 30, 60],
      ],
    ],
    [
      'one where the value had been overwritten',
      1,
      [
        ['put', 1, 0, 5],
        ['put', 2, 6, 10],
        ['get', 1, 11, 15],
      ],
    ],
    [
      'each of two such reads',
      2,
      [
        ['put', 1, 0, 5],
        ['put', 2, 6, 10],
        ['get', 1, 11, 15],
        ['get', 1, 12, 16],
      ],
    ],
    [
      'one of two writes seen in both orders',
      1,
      [
        ['put', 1, 0, 5],
        ['put', 2, 0, 5],
        ['get', 1, 6, 10],
        ['get', 2, 6, 10],
      ],
    ],
    [
      'one where a write fell between two reads',
      1,
      [
        ['put', 1, 0, 5],
        ['get', 1, 6, 10],
        ['put', 2, 7, 10],
        ['get', 1, 11, 15],
      ],
    ],
    [
      'one where the older value had been read again meanwhile',
      1,
      [
        ['put', 1, 0, 1],
        ['put', 2, 2, 10],
        ['get', 1, 3, 9],
        ['get', 1, 11, 15],
      ],
    ],
    [
      'none where a value was written twice',
      0,
      [
        ['put', 1, 0, 5],
        ['put', 1, 0, 5],
        ['get', 1, 6, 10],
        ['get', 1, 6, 10],
      ],
    ],
  ])('%s: %i', (_, count, rows) => {
    expect(anomalies(history(rows))).toBe(count)
    const twoKeys = history(rows).flatMap((o) => [o, { ...o, key: 'other' }])
    expect(anomalies(twoKeys)).toBe(2 * count)
  })
})
