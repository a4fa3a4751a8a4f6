/** One simulated run of a seed: founding, a safety phase with faults, a liveness phase without, and a report. */
import type { NodeId } from '../node-id.ts'
import type { Protocol } from '../replica.ts'
import type { Log } from '../seams.ts'
import type { Chooser } from './chooser.ts'
import { found } from './founding.ts'
import { Judge, Violation } from './judge.ts'
import { recover } from './liveness.ts'
import { type RunReport, report } from './report.ts'
import { endure } from './safety.ts'
import { setStage } from './stage.ts'
import type { RunTrace } from './trace.ts'

/** What to run. */
export interface RunOptions {
  readonly protocol: Protocol
  readonly seed: number
  /** A name of `LAYOUTS`; drawn when left out. */
  readonly layout?: string
  /** Names of `NEMESES`. A part of them is drawn when left out. */
  readonly faults?: readonly string[]
  /** Whether nodes have a disk; drawn when left out. */
  readonly durable?: boolean
  readonly logOf?: (id: NodeId, now: () => number) => Log
  /** Who chooses; by seed when left out. */
  readonly chooser?: Chooser
  /** Told what happens. */
  readonly trace?: RunTrace
  /** The most events; beyond them the run ends with `OutOfSteps`. */
  readonly mostSteps?: number
}

/** Runs one seed. The same options give the same report. */
export function run(options: RunOptions): RunReport {
  const stage = setStage(options)
  const judge = new Judge(stage.arena, stage.trace)
  stage.arena.world.afterStep = () => judge.afterStep()
  let violation: RunReport['violation'] = null
  try {
    found(stage)
    endure(stage)
    recover(stage)
    judge.atEnd()
  } catch (error) {
    if (!(error instanceof Violation)) throw error
    violation = { invariant: error.invariant, message: error.message }
    stage.trace?.violated(error.invariant, error.message)
  }
  return report(options.seed, stage, judge, violation)
}
