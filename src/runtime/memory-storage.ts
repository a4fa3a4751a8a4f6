/** No disk: what the node persists lives as long as the process. */
import { drawIncarnation } from './chance.ts'
import type { OpenStorage } from './storage/open.ts'

export function memoryStorage(): OpenStorage {
  return {
    durable: false,
    bytes: null,
    incarnation: drawIncarnation(),
    forgot: false,
    damage: null,
    recover: () => [],
    append() {},
    sync: (done) => done(),
    checkpointDue: false,
    checkpoint: (_records, done) => done(),
    close: async () => {},
  }
}
