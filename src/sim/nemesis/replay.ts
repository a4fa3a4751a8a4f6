/** Delivers again what was delivered before: the same bytes, later, out of order. */
import { storm } from './storm.ts'

export const replay = storm('replay', (between) => ({ replay: between(0.02, 0.3) }))
