/**
 * Queues, memory and logs stay within their bounds, whatever the others do; and once all is at rest nothing is left in
 * them but what the options allow.
 */
import type { NodeId } from '../../node-id.ts'
import type { NodeOptions } from '../../node-parts.ts'
import type { ExactlyOnce } from '../../store/exactly-once.ts'
import type { Arena, Invariant } from '../arena.ts'
import type { Process } from '../process.ts'

/** Events that are no messages are not counted against `maxInbox`: requests, timers, messages to the node itself. */
const OTHER_EVENTS = 512

/** More than one message has, or one event records: the install of a snapshot is one. See `growthOf` for small bounds. */
const ONE_BYTES = 500_000

/** Far more outputs than come up while a disk syncs, but for the answers to what a deaf node then hears at once. */
const MOST_HELD = 2048

/** For how long, by a node's own clock, its log may be longer than it may keep for others: many heartbeats. */
const MOST_LONG_MS = 5000

/** What of that a look may add: in more, the node has done nothing, as one that is paused or behind its disk. */
const MOST_BETWEEN_MS = 50

/** The bytes that waited at a node, for it and for its disk, when it was looked at last. */
interface Waiting {
  readonly life: number
  readonly inboxBytes: number
  readonly unsyncedBytes: number
}

/** Since when a node's log has been too long without a break. */
interface TooLong {
  readonly life: number
  readonly handled: number
  readonly clock: number
  readonly ms: number
}

export function bounded(): Invariant {
  const looked = new Map<NodeId, Waiting>()
  const tooLong = new Map<NodeId, TooLong>()
  return {
    name: 'bounded',
    afterStep({ processes, cluster, nodeOptions }: Arena) {
      const { maxRequests, maxInbox, maxInboxBytes, maxSessions, maxUnsyncedBytes } = nodeOptions
      // As many from each peer as from its own clients.
      const most = maxRequests * cluster.size
      for (const process of processes) {
        const { id, node, life } = process
        if (!node) continue
        const { requests, inbox, inboxBytes, held, unsyncedBytes } = node.load
        if (requests > most) return `${id.name} has ${requests} open requests, and may have ${most}`
        if (inbox > maxInbox + OTHER_EVENTS) return `${id.name} has queued ${inbox} events, and may queue ${maxInbox}`
        if (inboxBytes > maxInboxBytes + ONE_BYTES)
          return `${id.name} has queued ${inboxBytes} bytes, and may queue ${maxInboxBytes}`
        if (unsyncedBytes > maxUnsyncedBytes + ONE_BYTES)
          return `${id.name} has ${unsyncedBytes} bytes not on disk, and may have ${maxUnsyncedBytes}`
        const now = { life, inboxBytes, unsyncedBytes }
        const growth = growthOf(now, looked.get(id), nodeOptions)
        if (growth) return `${id.name} ${growth}`
        looked.set(id, now)
        const sessions = (node.store as Partial<ExactlyOnce> | undefined)?.sessions?.size ?? 0
        if (sessions > maxSessions) return `${id.name} knows ${sessions} sessions, and may know ${maxSessions}`
        if (held > MOST_HELD + inbox) return `${id.name} holds back ${held} outputs`
        const long = lengthened(process, tooLong.get(id))
        if (long && long.ms > MOST_LONG_MS) return `${id.name} has kept too long a log for ${Math.round(long.ms)} ms`
        if (long) tooLong.set(id, long)
        else tooLong.delete(id)
      }
      return null
    },
    atRest({ processes }: Arena) {
      for (const process of processes) {
        const left = leftovers(process) ?? keptOver(process)
        if (left) return `${process.id.name} is at rest, and still has ${left}`
      }
      return null
    },
  }
}

/**
 * How a node that had too many bytes waiting went on to take more; null when it did not. What one event may add is long
 * beside small bounds, but a node that is beyond one takes nothing until it is below: it handles nothing while it is behind
 * its disk, so that there is nothing new to record or to hold back.
 */
function growthOf(now: Waiting, before: Waiting | undefined, most: NodeOptions): string | null {
  if (!before || before.life !== now.life) return null
  if (before.inboxBytes > most.maxInboxBytes && now.inboxBytes > before.inboxBytes)
    return `had queued ${before.inboxBytes} bytes, which is too much, and went on to ${now.inboxBytes}`
  if (before.unsyncedBytes > most.maxUnsyncedBytes && now.unsyncedBytes > before.unsyncedBytes)
    return `was behind by ${before.unsyncedBytes} bytes not on disk, and went on to ${now.unsyncedBytes}`
  return null
}

/** Where a replica of the Paxos family has something waiting. */
interface Queues {
  readonly log?: { readonly bytes?: number; readonly floor: number; readonly executed: number }
  readonly options?: { readonly retain_bytes?: number }
  readonly proposer?: { readonly proposals: ReadonlyMap<number, unknown> }
  readonly catchUp?: { readonly uploads: { readonly bytes: number; readonly byReader: ReadonlyMap<NodeId, unknown> } }
}

/**
 * For how long a node's log has now been longer than it may keep for members that are away or lag, and could be shortened;
 * null when it is not. It may be for a moment, as slots are executed all the time and a log is shortened now and then.
 */
function lengthened({ life, node, replica, clock }: Process, before: TooLong | undefined): TooLong | null {
  if (!node || !replica) return null
  const { log, options, catchUp } = replica as unknown as Queues
  if (log?.bytes === undefined || options?.retain_bytes === undefined) return null
  if (log.bytes <= options.retain_bytes + (catchUp?.uploads.bytes ?? 0) || log.floor === log.executed) return null
  const { handled } = node.load
  if (before?.life !== life) return { life, handled, clock, ms: 0 }
  if (before.handled === handled) return before
  const passed = Math.max(0, Math.min(clock - before.clock, MOST_BETWEEN_MS))
  return { life, handled, clock, ms: before.ms + passed }
}

/** What a process still has under way; null when that is nothing. */
export function leftovers({ node, replica }: Process): string | null {
  if (!node || !replica) return null
  const { requests, forwarded, held } = node.load
  if (requests > 0) return `${requests} open requests`
  if (forwarded > 0) return `${forwarded} requests that others were asked`
  if (held > 0) return `${held} outputs held back`
  const { operations } = replica.status()
  if (typeof operations === 'number' && operations > 0) return `${operations} operations`
  const { proposer } = replica as unknown as Queues
  return proposer && proposer.proposals.size > 0 ? `${proposer.proposals.size} proposals` : null
}

/** What a process has kept for others, and need not keep for ever: snapshots sent, and the log above these; or null. */
export function keptOver({ node, replica }: Process): string | null {
  if (!node || !replica) return null
  const { log, options, catchUp } = replica as unknown as Queues
  if (catchUp && catchUp.uploads.byReader.size > 0) return `${catchUp.uploads.byReader.size} snapshots for others`
  const most = options?.retain_bytes
  if (log?.bytes !== undefined && most !== undefined && log.bytes > most)
    return `${log.bytes} bytes of log, of which it may keep ${most}`
  return null
}
