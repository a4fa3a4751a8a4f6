/**
 * The schema of `config.json`: who is in the cluster and how it behaves. Paxi's keys keep their names, types and
 * defaults; each added key is optional with a safe default. `docs/configuration.md` has the same keys in one table.
 */
import { z } from 'zod'
import { SynodError } from '../errors.ts'
import { Cluster } from '../node-id.ts'
import { type Address, parseHttpAddress, parsePeerAddress, placeOf } from './address.ts'
import { benchmarkSchema, LONGEST_MS } from './benchmark.ts'
import { show } from './json.ts'
import { checkLinks, linksSchema } from './links.ts'

/** When the owner of objects is changed, in the protocols that move them. */
export const POLICIES = ['consecutive', 'majority', 'ema', 'null', ''] as const

const ms = z.int().min(1).max(LONGEST_MS)
const count = z.int().min(1)

/** The `timeouts` object. */
export const timeoutsSchema = z
  .strictObject({
    request_ms: ms.default(2000).describe('how long a client request waits for its answer'),
    heartbeat_ms: ms.default(100).describe('how often a leader shows that it lives'),
    election_ms: ms.default(400).describe('silence before a campaign: a random time from this to twice this'),
    connect_ms: ms.default(1000).describe('how long connecting to a peer may take, handshake included'),
    backoff_ms: ms.default(50).describe('pause before connecting again, doubled after each failure'),
    backoff_max_ms: ms.default(1000).describe('the longest such pause'),
    compare_ms: ms
      .default(1000)
      .describe(
        'how long a node that comes back from its disk waits for all others to say whether it is the newest; then a majority is enough',
      ),
  })
  .superRefine((timeouts, context) => {
    if (timeouts.heartbeat_ms >= timeouts.election_ms) {
      const message = `must be less than election_ms, which is ${timeouts.election_ms}, or leaders fall for no reason`
      context.addIssue({ code: 'custom', path: ['heartbeat_ms'], message })
    }
    if (timeouts.backoff_ms > timeouts.backoff_max_ms) {
      const message = `must be at most backoff_max_ms, which is ${timeouts.backoff_max_ms}`
      context.addIssue({ code: 'custom', path: ['backoff_ms'], message })
    }
  })

/** The `limits` object. */
export const limitsSchema = z
  .strictObject({
    body_bytes: count
      .max(2 ** 30)
      .default(1_048_576)
      .describe('the longest request body; beyond it 413'),
    requests: count
      .default(1024)
      .describe(
        'open client requests per node, and as many more from each other node; beyond it they wait, a second or longer in a flood, then 503',
      ),
    open_bytes: count
      .default(67_108_864)
      .describe(
        'what the bodies of open client requests may have together, and as much again answers not yet taken; beyond it 503',
      ),
    inbox: count
      .default(65_536)
      .describe('events queued in a node; beyond it messages of peers are dropped, as a network would'),
    inbox_bytes: count
      .default(134_217_728)
      .describe('bytes of messages queued in a node; beyond it those of peers are dropped, but for heartbeats'),
    unsynced_bytes: count
      .default(67_108_864)
      .describe(
        'bytes of records, and of what is said on them, that wait for the disk; beyond it the node handles nothing until that has caught up',
      ),
    log_bytes: count
      .default(67_108_864)
      .describe('log on disk since the last snapshot, and beyond its size; then there is a new one'),
    peer_bytes: count.default(67_108_864).describe('bytes waiting for one peer; beyond it messages to it are dropped'),
  })
  .superRefine((limits, context) => {
    if (limits.peer_bytes <= limits.body_bytes) {
      const message = `must be more than body_bytes, which is ${limits.body_bytes}, or the longest body cannot be sent`
      context.addIssue({ code: 'custom', path: ['peer_bytes'], message })
    }
    if (limits.open_bytes < limits.body_bytes) {
      const message = `must be at least body_bytes, which is ${limits.body_bytes}, or the longest body finds no room`
      context.addIssue({ code: 'custom', path: ['open_bytes'], message })
    }
  })

/** A map from node id to an address that `parse` takes. */
const nodeMap = (parse: (text: string) => Address) =>
  z.record(z.string(), z.string()).superRefine((map, context) => {
    const report = (path: string[], error: unknown) => {
      if (!(error instanceof SynodError)) throw error
      // `continue: false` keeps the checks across both maps from parsing what does not parse.
      context.addIssue({ code: 'custom', path, message: error.message, continue: false })
    }
    for (const [id, text] of Object.entries(map)) {
      try {
        new Cluster([id])
        parse(text)
      } catch (error) {
        report([id], error)
      }
    }
    if (context.issues.length > 0) return
    try {
      new Cluster(Object.keys(map))
    } catch (error) {
      report([], error)
    }
  })

const options = z.record(z.string(), z.unknown())

/** The whole file, after `spellKeys`. */
export const configSchema = z
  .strictObject({
    address: nodeMap(parsePeerAddress).describe('node id to its address for other nodes: tcp://, udp:// or chan://'),
    http_address: nodeMap(parseHttpAddress).describe('node id to its address for clients: http://'),
    policy: z
      .enum(POLICIES)
      .default('consecutive')
      .transform((name) => (name === '' ? 'null' : name))
      .describe('when an object moves to another owner: consecutive, majority, ema, null (never)'),
    threshold: z
      .number()
      .min(0)
      .default(3)
      .describe('of the policy: hits in a row, an interval in seconds, or the weight of ema, at most 1'),
    thrifty: z
      .boolean()
      .default(false)
      .describe('phase-2 messages go to one quorum first, to all when it stays silent; for paxos'),
    buffer_size: z.int().min(0).default(1024).describe('in Paxi the first size of its maps; no effect here'),
    chan_buffer_size: z
      .int()
      .min(0)
      .default(1024)
      .describe('in Paxi the size of its channels; no effect here, see limits'),
    multiversion: z.boolean().default(false).describe('keep all versions of a key, which /history shows'),
    benchmark: benchmarkSchema.prefault({}).describe('the workload when there is no benchmark.json'),
    cluster: z
      .string()
      .regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be 1 to 64 letters, digits, dots, dashes or underscores')
      .default('synod')
      .describe('name of the cluster; nodes of another one are not let in'),
    storage: z
      .string()
      .min(1, 'must be memory, or a directory')
      .default('memory')
      .describe('where nodes keep their records: memory, or a directory with a folder for each node'),
    secret: z
      .string()
      .min(8, 'must have at least 8 characters')
      .optional()
      .describe('shared by all nodes, which prove to each other that they know it'),
    fault_injection: z.boolean().default(false).describe('serve the routes that inject faults'),
    timeouts: timeoutsSchema.prefault({}).describe('waiting times'),
    links: linksSchema.prefault({}).describe('emulated distances between the nodes'),
    limits: limitsSchema.prefault({}).describe('bounds of queues and messages'),
    protocols: z
      .record(z.string(), options)
      .default({})
      .describe('protocol name to its options, which the protocol itself checks'),
  })
  .superRefine((config, context) => {
    const report = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message })
    for (const id of Object.keys(config.address)) {
      if (!Object.hasOwn(config.http_address, id)) report(['http_address'], `node ${id} of address is missing`)
    }
    for (const id of Object.keys(config.http_address)) {
      if (!Object.hasOwn(config.address, id)) report(['address'], `node ${id} of http_address is missing`)
    }
    if (config.policy === 'ema' && config.threshold > 1) {
      report(
        ['threshold'],
        `must be given and at most 1 for the policy ema, whose weight it is, not ${config.threshold}`,
      )
    }
    checkLinks(config.links, new Cluster(Object.keys(config.address)), (path, message) =>
      report(['links', ...path], message),
    )
    const taken = new Map<string, string>()
    for (const [key, parse] of [
      ['address', parsePeerAddress],
      ['http_address', parseHttpAddress],
    ] as const) {
      for (const [id, text] of Object.entries(config[key])) {
        const place = placeOf(parse(text))
        const owner = taken.get(place)
        if (owner !== undefined) report([key, id], `${show(text)} is already the address at ${owner}`)
        else taken.set(place, `${key}.${id}`)
      }
    }
  })

/** The configuration of a cluster, complete with defaults; the keys are those of the file. */
export type Config = z.output<typeof configSchema>
