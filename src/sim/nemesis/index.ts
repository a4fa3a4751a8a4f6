/** All nemeses, by name. */
import type { Nemesis } from '../arena.ts'
import { clockDrift, clockJump } from './clock.ts'
import { crashes } from './crash.ts'
import { partitions } from './partition.ts'
import { pause } from './pause.ts'
import { lossyLink, replay, slowLink } from './slow-link.ts'
import { usurp } from './usurp.ts'
import { weather } from './weather.ts'
import { wipe } from './wipe.ts'

export const NEMESES: ReadonlyMap<string, Nemesis> = new Map(
  [...weather, ...partitions, ...crashes, wipe, usurp, slowLink, lossyLink, replay, pause, clockJump, clockDrift].map(
    (nemesis) => [nemesis.name, nemesis],
  ),
)
