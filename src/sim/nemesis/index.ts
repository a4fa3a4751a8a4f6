/** All nemeses, by name. */
import type { Nemesis } from '../arena.ts'
import { clockDrift, clockJump } from './clock.ts'
import { crashes } from './crash.ts'
import { partitions } from './partition.ts'
import { pause } from './pause.ts'
import { weather } from './weather.ts'

export const NEMESES: ReadonlyMap<string, Nemesis> = new Map(
  [...weather, ...partitions, ...crashes, pause, clockJump, clockDrift].map((nemesis) => [nemesis.name, nemesis]),
)
