/** The options of Multi-Paxos, as `protocols.paxos` in the configuration. */
import { integerOptions, type Timeouts } from '#core'

const SPEC = {
  batch: { least: 1, most: 65_536, default: 512 },
  batch_bytes: { least: 1, most: 4_194_304, default: 1_048_576 },
  pipeline: { least: 1, most: 4096, default: 256 },
  pipeline_bytes: { least: 1, most: 1_073_741_824, default: 16_777_216 },
  retain_bytes: { least: 0, most: 2 ** 40, default: 67_108_864 },
  chunk_bytes: { least: 1, most: 4_194_304, default: 1_048_576 },
  thrifty: { least: 0, most: 1, default: 0 },
  ephemeral_leader: { least: 0, most: 1, default: 0 },
} as const

/** What each is for. */
export const meanings: Readonly<Record<keyof Options, string>> = {
  batch: 'the most commands in one slot',
  batch_bytes: 'the most bytes of keys and values in one slot, unless one command has more',
  pipeline: 'the most slots proposed but not chosen',
  pipeline_bytes: 'proposed but not chosen, about the most bytes of keys and values: what a new leader has to hear of',
  retain_bytes: 'about the most bytes of executed slots kept for members that lag',
  chunk_bytes: 'the most bytes of commands in one answer to a candidate or a laggard, give or take a batch',
  thrifty: '1: proposals go to one quorum first; 0 or 1 for all protocols by the key thrifty',
  ephemeral_leader: '1: who gets a request campaigns; the flag -ephemeral_leader',
  heartbeat_ms: 'time between heartbeats, at some of which lost messages are resent, too',
  election_ms: 'a leader silent for a random time between this and twice this is replaced',
}

export type Options = ReturnType<typeof options>

/**
 * The options given, checked and completed. `heartbeat_ms` is the time between heartbeats, at some of which lost messages
 * are resent, too; a leader silent for a random time between once and twice `election_ms` is replaced.
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
