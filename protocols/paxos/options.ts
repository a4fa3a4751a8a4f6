/** The options of Multi-Paxos, as `protocols.paxos` in the configuration. */
import { integerOptions, type Timeouts } from '#core'

const SPEC = {
  /** The most commands in one slot. */
  batch: { least: 1, most: 65_536, default: 512 },
  /** The most bytes of keys and values in one slot, unless one command alone has more. */
  batch_bytes: { least: 1, most: 4_194_304, default: 1_048_576 },
  /** The most slots proposed but not chosen. */
  pipeline: { least: 1, most: 4096, default: 256 },
  /** About the most bytes of executed slots kept for members that lag; those further behind get a snapshot. */
  retain_bytes: { least: 0, most: 2 ** 40, default: 67_108_864 },
  /** The most bytes of commands in one answer to a candidate or a laggard. */
  chunk_bytes: { least: 1, most: 16_777_216, default: 262_144 },
  /** 1: proposals go to one quorum, and to all others only when it stays silent from one heartbeat to the next. */
  thrifty: { least: 0, most: 1, default: 0 },
  /** 1: a node that gets a request campaigns for itself instead of sending it on to the leader. */
  ephemeral_leader: { least: 0, most: 1, default: 0 },
} as const

export type Options = ReturnType<typeof options>

/**
 * The options given, checked and completed. `heartbeat_ms` is the time between heartbeats, at which lost messages are
 * resent, too; a leader silent for a random time between once and twice `election_ms` is replaced.
 * @throws SynodError `config`
 */
export function options(given: Readonly<Record<string, unknown>>, timeouts: Timeouts) {
  const spec = {
    ...SPEC,
    heartbeat_ms: { least: 1, most: 60_000, default: timeouts.heartbeat_ms },
    election_ms: { least: 2, most: 600_000, default: timeouts.election_ms },
  }
  return integerOptions('protocols.paxos', spec, given)
}
