/**
 * The start of a run: the nodes come one by one, some die on the way, come back at once or without their memory, and hear
 * words of lives that are over. In some runs all die as soon as one has begun; in some, one is ordered to begin without
 * those who come late.
 */
import { BOOTSTRAP_PATIENCE_MS } from '../founding.ts'
import { onLinks } from './nemesis/links.ts'
import { minority } from './nemesis/partition.ts'
import type { Process } from './process.ts'
import type { Stage } from './stage.ts'

/** The most virtual milliseconds it may take, and when who comes late is there. */
const FOUNDING_MS = 3000
const LATE_MS = 2 * BOOTSTRAP_PATIENCE_MS

/** Faults that may strike already now, by name. */
const EARLY = ['usurp', 'slow-link', 'flapping', 'replay', 'slow-peer']

/** Starts the nodes; ends when all know their memory, or when it has taken too long. */
export function found(stage: Stage): void {
  const { arena, strikes, chosen, trace } = stage
  const { world, chooser, processes, clients } = arena
  const plan = world.chooser.of('founding')
  const late = !chosen && plan.chance(0.1) ? order({ ...arena, chooser: plan }) : []
  for (const process of processes) {
    const arrival = late.includes(process) ? chooser.between(0, LATE_MS) : chooser.between(0, 500)
    world.after(arrival, () => process.boot())
  }
  let over = false
  const undo = chosen ? [] : disturb(stage, () => over)
  const early = plan.chance(0.5)
  if (early) clients.start()
  if (early && plan.chance(0.5)) {
    for (const nemesis of strikes.drawn) if (EARLY.includes(nemesis.name)) strikes.strike(nemesis)
  }
  const most = late.length > 0 ? LATE_MS + FOUNDING_MS : FOUNDING_MS
  if (!chosen && plan.chance(0.15)) blackOut(arena, most)
  world.runUntil(most, () => processes.every(({ node }) => node?.memory))
  over = true
  strikes.heal()
  for (const calm of undo) calm()
  if (undo.length > 0) trace?.healed()
  if (!early) clients.start()
}

/** Orders one node to begin with a majority, once; gives those who come late. */
function order(arena: Stage['arena']): readonly Process[] {
  const [ordered, ...others] = arena.chooser.shuffle(arena.processes)
  ordered!.ordered = true
  return others.slice(0, arena.chooser.below(minority(arena) + 1))
}

/** Lets all die at once when one has begun, whether the others have heard of that or not. */
function blackOut({ world, processes, durable }: Stage['arena'], most: number): void {
  const chooser = world.chooser.step('blackout', 0)
  if (!chooser || !durable) return
  world.runUntil(most, () => processes.some(({ node }) => node?.memory))
  world.runUntil(world.now + chooser.between(0, chooser.pick([2, 20])))
  for (const process of processes.filter(({ alive }) => alive)) {
    process.crash()
    world.after(chooser.between(0, 300), () => {
      if (!process.alive) process.boot()
    })
  }
}

/** Lets nodes die and the network play tricks; gives the ways back to calm. */
function disturb({ arena, trace }: Stage, over: () => boolean): (() => void)[] {
  const { world, processes, network } = arena
  const chooser = world.chooser.of('deaths and storms')
  // At most as many as may forget; also such as have begun already, if enough others remember.
  const fallible = chooser.shuffle(processes).slice(0, Math.floor((processes.length - 1) / 2))
  const deaths = chooser.chance(0.5) ? fallible.length * chooser.below(6) : 0
  // Where words are slow and one node dies often, some of what it said is heard when that life is over, or here and not there.
  const slow = fallible.length > 0 && chooser.chance(0.4)
  const most = deaths + (slow ? 2 + chooser.below(8) : 0)
  for (let i = 0; i < most; i++) {
    const own = world.chooser.step('death', i)
    if (own) die({ ...arena, chooser: own }, i < deaths ? own.pick(fallible) : fallible[0]!, over)
  }
  const slowest = chooser.pick([50, 400])
  const undo: (() => void)[] = []
  if (slow)
    undo.push(...onLinks({ ...arena, chooser }, 0.5, (from, to) => network.slow(from, to, chooser.between(5, slowest))))
  if (slow || chooser.chance(0.3))
    undo.push(network.worsen({ reorder: chooser.below(2), mostDelay: slow ? slowest : 40, duplicate: 0.2 }))
  if (chooser.chance(0.3)) undo.push(network.worsen({ replay: chooser.between(0.1, 0.5) }))
  if (undo.length > 0) trace?.struck('storm')
  return undo
}

/** Lets a node die at some time, and come back. */
function die({ world, chooser, processes, durable }: Stage['arena'], process: Process, over: () => boolean): void {
  world.after(chooser.between(0, 1000), () => {
    // One that gathers has said nothing yet; of those that have begun, a majority must go on remembering.
    const remembering = processes.filter(({ node }) => node?.founding.name && node.memory !== 'lost')
    const spare = remembering.length > Math.floor(processes.length / 2) + 1
    if (!process.alive || over() || (process.node?.founding.name && !spare)) return
    const listener = chooser.pick(processes)
    const deaf = listener !== process && listener.alive && !listener.paused && chooser.chance(0.3)
    // It hears nothing of this until the node is back, and then the words of both lives at once.
    if (deaf) listener.pause()
    process.crash()
    if (durable && chooser.chance(0.3)) process.disk.wipe()
    const gap = chooser.between(0, chooser.pick([5, 300]))
    world.after(gap, () => {
      if (!process.alive) process.boot()
    })
    if (deaf) world.after(gap + chooser.between(0, 100), () => listener.resume())
  })
}
