/** Delays writes, some of them by twenty times as much as others: a heavy tail. */
import { storm } from './storm.ts'

export const delay = storm('delay', (between) => ({ mostDelay: between(5, 100), tail: between(0, 0.1) }))
