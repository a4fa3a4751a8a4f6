/** How much waits at a node, and what was too much: read live, so that looking costs nothing. */
import type { Inbox } from './inbox.ts'
import type { OpenRequests } from './open-requests.ts'
import type { Outbox } from './outbox.ts'
import type { Relay } from './relay.ts'

export class NodeLoad {
  readonly #inbox: Inbox
  readonly #open: OpenRequests
  readonly #relay: Relay
  readonly #outbox: Outbox

  constructor(inbox: Inbox, open: OpenRequests, relay: Relay, outbox: Outbox) {
    this.#inbox = inbox
    this.#open = open
    this.#relay = relay
    this.#outbox = outbox
  }

  /** The most events that ever waited in one of its queues; messages are taken up to `maxInbox`. */
  get inbox(): number {
    return this.#inbox.peak
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
}

/** What others see of it. */
export type Load = Pick<NodeLoad, keyof NodeLoad>
