/** Loses writes on all links. */
import { storm } from './storm.ts'

export const drop = storm('drop', (between) => ({ drop: between(0.01, 0.4) }))
