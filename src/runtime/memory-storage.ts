/** No disk: what the node persists lives as long as the process. */
import type { Storage } from '../seams.ts'
import { drawIncarnation } from './chance.ts'

export function memoryStorage(): Storage {
  return {
    durable: false,
    incarnation: drawIncarnation(),
    recover: () => [],
    append() {},
    sync: (done) => done(),
  }
}
