/** What a node's host needs to measure the node and to tell what was measured. */
export { CountedStore } from './counted-store.ts'
export { exposition } from './exposition.ts'
export { Meters } from './meters.ts'
export type { DiskBytes, Link, Observed } from './observed.ts'
