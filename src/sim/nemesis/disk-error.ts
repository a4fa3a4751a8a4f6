/** A disk neither reads nor writes: its node ends, and cannot start. */
import type { Nemesis } from '../arena.ts'
import { failOne } from './disk-failure.ts'

export const diskError: Nemesis = {
  name: 'disk-error',
  applies: ({ durable }) => durable,
  strike: (arena) => failOne(arena, (doing) => `EIO: ${doing}`),
}
