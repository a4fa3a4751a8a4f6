/** Keeps vitest from looking further up: this folder may lie in another project. */
export default { test: { testTimeout: 60_000 } }
