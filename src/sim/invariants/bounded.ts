/**
 * Queues, memory and logs stay within their bounds, whatever the others do; and once all is at rest nothing is left in
 * them but what the options allow.
 */
import type { Arena, Invariant } from '../arena.ts'
import type { Process } from '../process.ts'

/** Events that are no messages are not counted against `maxInbox`: requests, timers, messages to the node itself. */
const OTHER_EVENTS = 512

/** Far more outputs than come up while a disk syncs. */
const MOST_HELD = 2048

export function bounded(): Invariant {
  return {
    name: 'bounded',
    afterStep({ processes, nodeOptions: { maxRequests, maxInbox } }: Arena) {
      for (const { id, node } of processes) {
        if (!node) continue
        const { requests, inbox, held } = node.load
        if (requests > maxRequests) return `${id.name} has ${requests} open requests, and may have ${maxRequests}`
        if (inbox > maxInbox + OTHER_EVENTS) return `${id.name} has queued ${inbox} events, and may queue ${maxInbox}`
        if (held > MOST_HELD) return `${id.name} holds back ${held} outputs`
      }
      return null
    },
    atRest({ processes }: Arena) {
      for (const process of processes) {
        const left = leftovers(process)
        if (left) return `${process.id.name} is at rest, and still has ${left}`
      }
      return null
    },
  }
}

/** What a process still has although nothing is under way; null when it is as it should be. */
export function leftovers({ node, replica }: Process): string | null {
  if (!node || !replica) return null
  const { requests, held } = node.load
  if (requests > 0) return `${requests} open requests`
  if (held > 0) return `${held} outputs held back`
  const { operations } = replica.status()
  if (typeof operations === 'number' && operations > 0) return `${operations} operations`
  const { log, options } = replica as { log?: { bytes?: number }; options?: { retain_bytes?: number } }
  const most = options?.retain_bytes
  if (log?.bytes !== undefined && most !== undefined && log.bytes > most)
    return `${log.bytes} bytes of log, of which it may keep ${most}`
  return null
}
