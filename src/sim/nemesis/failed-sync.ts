/** A sync fails once. What is on disk then nobody knows, so the node ends; the next one may go well. */
import type { Nemesis } from '../arena.ts'
import { failOne } from './disk-failure.ts'

export const failedSync: Nemesis = {
  name: 'failed-sync',
  applies: ({ durable }) => durable,
  strike(arena) {
    let due = true
    return failOne(arena, (doing) => {
      if (!due || doing === 'read') return null
      due = false
      return 'EIO: fdatasync'
    })
  },
}
