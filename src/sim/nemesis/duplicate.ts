/** Delivers writes twice. */
import { storm } from './storm.ts'

export const duplicate = storm('duplicate', (between) => ({ duplicate: between(0.01, 0.5) }))
