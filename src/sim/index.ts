/** The simulator: the servers' own node and protocols under virtual time, faults and invariants. */
export type { Arena, Invariant, Nemesis } from './arena.ts'
export { type Chooser, SeededChooser } from './chooser.ts'
export type { Task } from './explore/actor.ts'
export { type Exploration, explore, type Scope } from './explore/explore.ts'
export { NEMESES } from './nemesis/index.ts'
export type { RunReport } from './report.ts'
export { type RunOptions, run } from './run.ts'
export { LAYOUTS } from './stage.ts'
