/** How much waits at a node, and what was too much: read live, so that looking costs nothing. */
import type { Durability } from './durability.ts'
import type { Inbox } from './inbox.ts'
import type { OpenRequests } from './open-requests.ts'
import type { Outbox } from './outbox.ts'
import type { Relay } from './relay.ts'
import type { Clock } from './seams.ts'

export class NodeLoad {
  readonly #inbox: Inbox
  readonly #open: OpenRequests
  readonly #relay: Relay
  readonly #outbox: Outbox
  readonly #durability: Durability
  readonly #clock: Clock

  constructor(inbox: Inbox, open: OpenRequests, relay: Relay, outbox: Outbox, durability: Durability, clock: Clock) {
    this.#inbox = inbox
    this.#open = open
    this.#relay = relay
    this.#outbox = outbox
    this.#durability = durability
    this.#clock = clock
  }

  /** The most events that ever waited in one of its queues; messages are taken up to `maxInbox`. */
  get inbox(): number {
    return this.#inbox.peak
  }

  /** Bytes of messages that wait now, but for heartbeats; at most `maxInboxBytes`, or one message. */
  get inboxBytes(): number {
    return this.#inbox.bytes
  }

  /** Events that wait now. */
  get waiting(): number {
    return this.#inbox.size
  }

  /** Events that were taken from the inbox so far. */
  get handled(): number {
    return this.#inbox.handled
  }

  /** Messages dropped because the inbox was full. */
  get dropped(): number {
    return this.#inbox.dropped
  }

  /** Open requests; at most `maxRequests` of clients, and as many from each peer. */
  get requests(): number {
    return this.#open.size
  }

  /** How many more requests of clients would not be refused now. */
  get room(): number {
    return this.#open.room
  }

  /** Those of them that were sent on, and some that were answered at their deadline a moment ago. */
  get forwarded(): number {
    return this.#relay.size
  }

  /** Outputs that wait for the disk. */
  get held(): number {
    return this.#outbox.held
  }

  /** Bytes of records that are not on disk yet, and of outputs that rest on them; above `maxUnsyncedBytes` nothing is handled. */
  get unsyncedBytes(): number {
    return this.#durability.unsyncedBytes
  }

  /** For how many milliseconds the disk has been at the sync under way; 0 when there is none. */
  get syncMs(): number {
    return this.#durability.syncMs(this.#clock.now())
  }
}

/** What others see of it. */
export type Load = Pick<NodeLoad, keyof NodeLoad>
