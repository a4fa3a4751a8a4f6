/** The options of Multi-Paxos, as `protocols.paxos` in the configuration. */
import { integerOptions } from '#core'

const SPEC = {
  /** Milliseconds between heartbeats; lost messages are resent at the same pace. */
  heartbeat_ms: { least: 1, most: 60_000, default: 100 },
  /** A silent leader is replaced after a random time between once and twice this. */
  election_ms: { least: 2, most: 600_000, default: 400 },
  /** The most commands in one slot. */
  batch: { least: 1, most: 65_536, default: 512 },
  /** The most slots proposed but not chosen. */
  pipeline: { least: 1, most: 4096, default: 256 },
  /** The most commands kept for members that lag; those further behind get a snapshot. */
  retain: { least: 0, most: 100_000_000, default: 100_000 },
  /** The most bytes of commands in one answer to a candidate or a laggard. */
  chunk_bytes: { least: 1, most: 16_777_216, default: 262_144 },
} as const

export type Options = ReturnType<typeof options>

/** The options given, checked and completed. */
export function options(given: Readonly<Record<string, unknown>>) {
  return integerOptions('protocols.paxos', SPEC, given)
}
