/** Lets writes overtake each other. */
import { storm } from './storm.ts'

export const reorder = storm('reorder', (between) => ({ reorder: between(0.05, 1), mostDelay: between(1, 30) }))
