/** Chance of a real node: seeded by the machine, so that no two nodes draw alike. */
import { randomBytes } from 'node:crypto'
import { Xoshiro } from '../parts/xoshiro.ts'
import type { Random } from '../seams.ts'

/** An integer in [1, 2^48]: the name of a memory, which no other memory ever has. */
export function drawIncarnation(): number {
  return 1 + randomBytes(6).readUIntLE(0, 6)
}

export function realRandom(): Random {
  return new Xoshiro(randomBytes(6).readUIntLE(0, 6))
}
