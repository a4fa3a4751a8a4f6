/** A disk is full: its node ends, can start, and ends again with the first record that it has to keep. */
import type { Nemesis } from '../arena.ts'
import { failOne } from './disk-failure.ts'

export const fullDisk: Nemesis = {
  name: 'full-disk',
  applies: ({ durable }) => durable,
  strike: (arena) => failOne(arena, (doing) => (doing === 'write' ? 'ENOSPC: write' : null)),
}
