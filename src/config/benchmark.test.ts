/** Numbers that are so large, or so small, that no client could hold the keys, or a draw would be no number at all. */
import { expect, test } from 'vitest'
import { parseBenchmark } from './parse.ts'

test.each<[object, string]>([
  [{ K: 1e12 }, 'K: must be at most 100000000, not 1000000000000'],
  [{ Mu: -1e308 }, 'Mu: must be at least -9007199254740991, not -1e+308'],
  [{ Sigma: 1e308 }, 'Sigma: must be at most 9007199254740991, not 1e+308'],
  [{ Lambda: 5e-324 }, 'Lambda: must be at least 1e-15, not 5e-324'],
])('a workload of %j is refused in one line', (workload, line) => {
  const error = expect.objectContaining({ code: 'config', message: `benchmark.json: ${line}` }) as Error
  expect(() => parseBenchmark(JSON.stringify(workload), 'benchmark.json')).toThrow(error)
})
