/** All metrics: name, type, labels, what it means, and where its values come from. docs/operating.md shows this table. */
import type { Distribution } from './distribution.ts'
import type { Meters } from './meters.ts'
import type { Observed } from './observed.ts'
import type { FrameCount } from './traffic.ts'

/** One value, or one histogram, with the values of its labels in order. */
export type Sample<V> = readonly [value: V, ...labels: string[]]

/** Where values come from. */
export interface Source {
  readonly meters: Meters
  readonly node: Observed
}

interface Described {
  readonly name: string
  readonly labels: readonly string[]
  readonly help: string
}

interface Scalar extends Described {
  readonly type: 'counter' | 'gauge'
  readonly read: (source: Source) => Iterable<Sample<number>>
}

interface Histogram extends Described {
  readonly type: 'histogram'
  readonly read: (source: Source) => Iterable<Sample<Distribution>>
}

export type Metric = Scalar | Histogram

type Read<V> = (source: Source) => Iterable<Sample<V>>

function counter(name: string, labels: readonly string[], help: string, read: Read<number>): Scalar {
  return { name, type: 'counter', labels, help, read }
}

function gauge(name: string, labels: readonly string[], help: string, read: Read<number>): Scalar {
  return { name, type: 'gauge', labels, help, read }
}

function histogram(name: string, labels: readonly string[], help: string, read: Read<Distribution>): Histogram {
  return { name, type: 'histogram', labels, help, read }
}

/** The frames or bytes of one direction by message name; names that were not seen are left out. */
function byMessage(direction: 'sent' | 'received', what: keyof Pick<FrameCount, 'frames' | 'bytes'>): Read<number> {
  return ({ meters, node }) => {
    const counts = meters.traffic[direction][what]
    return [...node.messages()]
      .filter(({ number }) => counts[number]! > 0)
      .map(({ number, name }) => [counts[number]!, name])
  }
}

/** How often each name stands in a list. */
function tallied(names: readonly string[]): Sample<number>[] {
  return [...new Set(names)].map((name) => [names.filter((one) => one === name).length, name])
}

const REQUESTS: readonly Metric[] = [
  counter('synod_requests_total', ['outcome'], 'Requests of clients that were answered, by outcome', ({ meters }) =>
    Object.entries(meters.requests.outcomes).map(([outcome, count]) => [count, outcome]),
  ),
  histogram('synod_request_seconds', ['kind'], 'From taking a request to its answer', ({ meters }) => [
    [meters.requests.reads, 'read'],
    [meters.requests.writes, 'write'],
  ]),
  gauge('synod_requests_open', [], 'Requests without an answer, forwarded ones included', ({ node }) => [
    [node.load().requests],
  ]),
]

const CONSENSUS: readonly Metric[] = [
  gauge('synod_node_info', ['node', 'algorithm'], 'Always 1: names the node', ({ node }) => [
    [1, node.name, node.algorithm],
  ]),
  gauge('synod_ready', [], '1 while the node serves requests', ({ node }) => [[Number(node.ready())]]),
  gauge('synod_leader', ['leader'], '1 for the leader that this node knows', ({ node }) => {
    const leader = node.status().leader?.name
    return leader === undefined ? [] : [[1, leader]]
  }),
  counter('synod_leader_changes_total', [], 'How often the node came to know another leader', ({ meters, node }) => {
    meters.see(node.status().leader?.name ?? null)
    return [[meters.leaderChanges]]
  }),
  gauge('synod_ballot_round', [], 'The round of the ballot that the node goes by', ({ node }) => [[node.round()]]),
  counter('synod_slots_executed_total', [], 'Slots executed, by protocols that have slots', ({ node }) => {
    const { executed } = node.status()
    return executed === null ? [] : [[executed]]
  }),
  counter('synod_commands_executed_total', [], 'Commands executed since the start', ({ node }) => [
    [node.store().applied],
  ]),
  gauge('synod_store_keys', [], 'Keys ever written, deleted ones included', ({ node }) => [[node.store().keys]]),
  gauge('synod_sessions', [], 'Sessions known', ({ node }) => [[node.store().sessions]]),
]

const TURNS: readonly Metric[] = [
  histogram('synod_turn_seconds', [], 'How long turns took', ({ meters }) => [[meters.turns.seconds]]),
  histogram('synod_turn_events', [], 'How many events turns handled', ({ meters }) => [[meters.turns.events]]),
  gauge('synod_inbox_events', [], 'Events that wait for a turn', ({ node }) => [[node.load().waiting]]),
  gauge('synod_inbox_peak_events', [], 'The most that ever waited in one of the two queues', ({ node }) => [
    [node.load().inbox],
  ]),
  gauge('synod_inbox_bytes', [], 'Bytes of the messages that wait for a turn, but for heartbeats', ({ node }) => [
    [node.load().inboxBytes],
  ]),
  gauge('synod_outbox_held', [], 'Outputs that wait for the disk', ({ node }) => [[node.load().held]]),
  gauge(
    'synod_unsynced_bytes',
    [],
    'Bytes of the records that wait for the disk, and of what is said on them',
    ({ node }) => [[node.load().unsyncedBytes]],
  ),
  counter(
    'synod_log_events_total',
    ['level', 'event'],
    'Lines of the log by event, but those of level debug',
    ({ meters }) => [...meters.events.counts()].map(({ level, event, count }) => [count, level, event]),
  ),
]

const NETWORK: readonly Metric[] = [
  counter('synod_messages_sent_total', ['message'], 'Messages sent, each copy', byMessage('sent', 'frames')),
  counter('synod_sent_bytes_total', ['message'], 'Bytes of the messages sent', byMessage('sent', 'bytes')),
  counter('synod_messages_received_total', ['message'], 'Messages received', byMessage('received', 'frames')),
  counter('synod_received_bytes_total', ['message'], 'Bytes of the messages received', byMessage('received', 'bytes')),
  gauge('synod_peer_connected', ['peer'], '1 while there is a connection to the peer', ({ node }) =>
    [...node.links()].map(({ peer, connected }) => [Number(connected), peer.name]),
  ),
  counter('synod_peer_connections_total', ['peer'], 'Connections made to the peer', ({ node }) =>
    [...node.links()].map(({ peer, connections }) => [connections, peer.name]),
  ),
  counter('synod_peer_dropped_total', ['peer'], 'Frames dropped since the peer was away or slow', ({ node }) =>
    [...node.links()].map(({ peer, dropped }) => [dropped, peer.name]),
  ),
  counter('synod_frames_dropped_total', ['reason'], 'Frames dropped inside this node', ({ node }) =>
    [...node.dropped()].map(([reason, count]) => [count, reason]),
  ),
  counter('synod_rejected_total', [], 'Connections and datagrams refused for what they sent', ({ node }) => [
    [node.rejected()],
  ]),
  gauge('synod_faults', ['fault'], 'Injected faults that are on', ({ node }) => tallied(node.faults())),
]

const DISK: readonly Metric[] = [
  histogram('synod_disk_sync_seconds', [], 'How long it took to make records durable', ({ meters }) =>
    meters.disk ? [[meters.disk.syncs]] : [],
  ),
  counter('synod_disk_records_total', [], 'Records appended', ({ meters }) =>
    meters.disk ? [[meters.disk.records]] : [],
  ),
  counter(
    'synod_disk_appended_bytes_total',
    [],
    'Bytes of the records appended, without what frames them',
    ({ meters }) => (meters.disk ? [[meters.disk.bytes]] : []),
  ),
  counter('synod_disk_checkpoints_total', [], 'Checkpoints finished', ({ meters }) =>
    meters.disk ? [[meters.disk.checkpoints]] : [],
  ),
  counter('synod_disk_checkpoint_seconds_total', [], 'The time that checkpoints took', ({ meters }) =>
    meters.disk ? [[meters.disk.checkpointSeconds]] : [],
  ),
  gauge('synod_disk_bytes', ['file'], 'The log behind the last snapshot, and that snapshot', ({ node }) => {
    const bytes = node.diskBytes()
    return bytes
      ? [
          [bytes.log, 'log'],
          [bytes.snapshot, 'snapshot'],
        ]
      : []
  }),
]

const PROCESS: readonly Metric[] = [
  counter('process_cpu_seconds_total', [], 'Processor time of the process', () => {
    const { user, system } = process.cpuUsage()
    return [[(user + system) / 1e6]]
  }),
  gauge('process_resident_memory_bytes', [], 'Memory of the process', () => [[process.memoryUsage.rss()]]),
  gauge('process_start_time_seconds', [], 'When the process started', () => [
    [Math.round(Date.now() / 1000 - process.uptime())],
  ]),
]

/** The metrics, as a scrape shows them. */
export const METRICS: readonly Metric[] = [...REQUESTS, ...CONSENSUS, ...TURNS, ...NETWORK, ...DISK, ...PROCESS]
