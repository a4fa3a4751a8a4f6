/**
 * How long properties are tried on random input. Tests try the same modest number of cases each time; `FUZZ_TIMES=100`
 * tries so many times as many, and `FUZZ_SEED=n` others.
 */
const seed = Number(process.env.FUZZ_SEED ?? 1)
const times = Number(process.env.FUZZ_TIMES ?? 1)

/** The parameters of `fc.assert` for a property that `runs` cases are modest for. */
export function fuzz(runs: number): { readonly seed: number; readonly numRuns: number } {
  return { seed, numRuns: Math.ceil(runs * times) }
}

/** A test's own deadline: longer runs take longer. */
export function fuzzTimeoutMs(modestMs: number): number {
  return modestMs * Math.max(1, times)
}
