/** A row of the suite: a kind of trouble, and what a protocol owes while it lasts. One test per layout and storage. */
import type { Protocol } from '../../src/replica.ts'

/** Where a row is played. */
export interface Setting {
  readonly protocol: Protocol
  /** A name of `LAYOUTS`. */
  readonly layout: string
  readonly durable: boolean
  readonly seed: number
}

export interface Row {
  readonly name: string
  /** Whether it can happen to so many nodes in so many zones, with a disk or without. */
  fits(size: number, durable: boolean, zones: number): boolean
  /** Plays it once. Throws when something that was owed did not come, or something forbidden did. */
  play(setting: Setting): void
}

/** What a row is called on one layout and storage. */
export function cellName(row: string, layout: string, durable: boolean): string {
  return `${row}, ${layout}, ${durable ? 'disk' : 'memory'}`
}
