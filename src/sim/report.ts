/** What came of a run, and whether it counts: a run that proves nothing is invalid, not green. */
import type { Totals } from './clients.ts'
import type { Judge } from './judge.ts'
import type { Stage } from './stage.ts'

/** How many acknowledged operations make a run count. */
export const ENOUGH = 100

export interface RunReport {
  readonly seed: number
  readonly layout: string
  readonly durable: boolean
  readonly violation: { readonly invariant: string; readonly message: string } | null
  /** Why a run without a violation proves nothing, or null. */
  readonly invalid: string | null
  /** Equal for equal runs. */
  readonly hash: number
  readonly steps: number
  readonly virtualMs: number
  readonly totals: Totals
  /** How often each fault struck with operations in flight while it lasted. */
  readonly faults: Readonly<Record<string, number>>
  /** Whether a node ever led. */
  readonly led: boolean
  readonly leaderChanges: number
}

/** Sums a run up. */
export function report(seed: number, stage: Stage, judge: Judge, violation: RunReport['violation']): RunReport {
  const { arena, layout, strikes } = stage
  const { world, clients, durable } = arena
  return {
    seed,
    layout,
    durable,
    violation,
    invalid: invalid(stage),
    hash: world.hash,
    steps: world.steps,
    virtualMs: Math.round(world.now),
    totals: clients.totals,
    faults: strikes.landed,
    led: judge.led,
    leaderChanges: judge.leaderChanges,
  }
}

function invalid({ arena: { clients }, strikes }: Stage): string | null {
  const { ok } = clients.totals
  if (ok < ENOUGH) return `only ${ok} operations were acknowledged`
  const { missed } = strikes
  return missed.length > 0 ? `drawn, and never struck while operations were in flight: ${missed.join(', ')}` : null
}
