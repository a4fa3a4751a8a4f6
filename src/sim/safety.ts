/**
 * The safety phase: faults strike, alone and together; nothing need finish, but what was said must stay true. In half of
 * the runs clients fall silent before the last faults end: what a node has missed then no later write brings along.
 */

import type { Nemesis } from './arena.ts'
import type { Chooser } from './chooser.ts'
import { ENOUGH } from './report.ts'
import type { Stage } from './stage.ts'
import type { Strikes } from './strikes.ts'

/** The most virtual milliseconds: while faults strike, and until a run that they left little room counts. */
const SAFETY_MS = 12_000
const PATIENCE_MS = 20_000

/** So many acknowledged operations are plenty: more seeds find more than longer runs. */
const PLENTY = ENOUGH * 5

/** The longest that a strike waits for an operation to be in flight. */
const IDLE_MS = 500

/** How long faults go on at most when clients have fallen silent. */
const SILENT_MS = 1000

/** Lets the faults of a run strike, until each has landed and the clients have done enough. */
export function endure({ arena, strikes }: Stage): void {
  const { world, chooser, clients } = arena
  const end = world.now + SAFETY_MS
  const enough = () => clients.totals.ok >= ENOUGH * 2 || clients.exhausted
  world.runUntil(world.now + chooser.between(0, 1000))
  let rounds = 3 + chooser.below(8)
  for (;;) {
    if (clients.totals.ok >= PLENTY) rounds = 0
    // What lasts may not have met an operation yet: that shows once it has ended.
    if (rounds <= 0) strikes.heal()
    const due = strikes.exhausted ? [] : strikes.due
    if (rounds <= 0 && due.length === 0 && (enough() || world.now >= end)) break
    if (world.now >= end + PATIENCE_MS) break
    // A fault that meets no operation proves nothing, and some can strike only once.
    world.runUntil(world.now + IDLE_MS, () => clients.pending > 0 || clients.exhausted)
    // What is late strikes at once.
    if (world.now >= end) for (const nemesis of due) strikes.strike(nemesis)
    else if (rounds > 0 || due.length > 0) strikeSome(strikes, due, chooser)
    rounds -= world.now >= end ? rounds : 1
    world.runUntil(world.now + chooser.between(50, chooser.pick([300, 800, 2000])))
    if (world.now >= end || chooser.chance(0.8)) strikes.heal()
    if (chooser.chance(0.3)) world.runUntil(world.now + chooser.between(50, 1000))
  }
  const silence = world.chooser.of('silence')
  if (enough() && silence.chance(0.5)) {
    strikeSome(strikes, strikes.due, silence)
    world.runUntil(world.now + silence.between(50, 500))
    clients.stopped = true
    world.runUntil(world.now + SILENT_MS, () => clients.pending === 0)
  }
  strikes.end()
  world.runUntil(world.now + PATIENCE_MS, () => clients.totals.ok >= ENOUGH || clients.exhausted || clients.stopped)
}

/** One fault, or more at a time; mostly such as have not landed yet. */
function strikeSome(strikes: Strikes, due: readonly Nemesis[], chooser: Chooser): void {
  if (strikes.drawn.length === 0) return
  do strikes.strike(chooser.pick(due.length > 0 && chooser.chance(0.7) ? due : strikes.drawn))
  while (chooser.chance(0.5))
}
