/** The leader's side of phase 2: which requests wait, what is proposed for which slot, and who waits for it. */
import { type Command, Fifo, type Node, type NodeId, type QuorumSystem, type Request, type Tally } from '#core'
import { Accept } from './messages.ts'
import type { Options } from './options.ts'

/** How many unanswered proposals are sent again at once. */
const RESEND = 64

/** A batch that the leader has proposed, with the clients that wait for it. */
export interface Proposal {
  readonly slot: number
  readonly ballot: number
  readonly commands: readonly Command[]
  readonly requests: readonly Request[]
  readonly tally: Tally
  sentAt: number
}

export class Proposer {
  /** The slot to propose next. */
  next = 0
  /** What is proposed and not executed, in the order of the slots. */
  readonly proposals = new Map<number, Proposal>()
  /** Whom a proposal goes to first; it goes to all when they stay silent. */
  targets: readonly NodeId[]
  /** Requests that nobody has been shown yet. */
  readonly waiting = new Fifo<Request>()
  readonly #node: Node
  readonly #options: Options
  readonly #quorum: QuorumSystem

  constructor(node: Node, options: Options, quorum: QuorumSystem) {
    this.#node = node
    this.#options = options
    this.#quorum = quorum
    this.targets = node.cluster.members
  }

  /** Proposes commands for a slot. All slots below `committed` are chosen. */
  propose(
    slot: number,
    ballot: number,
    committed: number,
    commands: readonly Command[],
    requests: readonly Request[],
  ): void {
    const tally = this.#quorum.phase2.tally()
    this.proposals.set(slot, { slot, ballot, commands, requests, tally, sentAt: this.#node.now() })
    // Urgent: the ballot is on disk since phase 1, the mark stands on synced votes, and this node's own vote is a
    // message of its own, which waits for its record.
    this.#node.multicast(this.targets, Accept, { ballot, slot, committed, commands }, 'urgent')
  }

  /** Proposes what waits, while the pipeline has room; true when something was proposed. */
  proposeWaiting(ballot: number, committed: number): boolean {
    const before = this.next
    while (this.waiting.size > 0 && this.next - committed < this.#options.pipeline) {
      const requests = this.#takeBatch()
      if (requests.length === 0) break
      const commands = requests.map((request) => request.command)
      this.propose(this.next++, ballot, committed, commands, requests)
    }
    return this.next > before
  }

  /** Sends what waits on to the leader. */
  forwardWaiting(leader: NodeId): void {
    for (const request of this.takeWaiting()) handOn(this.#node, leader, request)
  }

  /** Takes out all that wait. */
  *takeWaiting(): Generator<Request> {
    for (let request = this.waiting.shift(); request; request = this.waiting.shift()) yield request
  }

  /** Sends old proposals again to those who have not answered. */
  resend(committed: number): void {
    const now = this.#node.now()
    let left = RESEND
    for (const proposal of this.proposals.values()) {
      if (left === 0 || proposal.sentAt > now - this.#options.heartbeat_ms) return
      if (proposal.tally.stands) continue
      left -= 1
      proposal.sentAt = now
      const { slot, ballot, commands } = proposal
      const silent = this.#node.peers.filter((peer) => !proposal.tally.has(peer))
      this.#node.multicast(silent, Accept, { ballot, slot, committed, commands }, 'urgent')
    }
  }

  /** The clients that wait for an executed slot, which is done. */
  finish(slot: number): readonly Request[] {
    const requests = this.proposals.get(slot)?.requests ?? []
    this.proposals.delete(slot)
    return requests
  }

  /** Gives up what was proposed: it may or may not be chosen. */
  abandon(): void {
    for (const { requests } of this.proposals.values()) {
      for (const request of requests) {
        this.#node.refuse(request, 'unknown', 'the leader changed; the request may have been applied')
      }
    }
    this.proposals.clear()
  }

  /** Drops requests whose clients were answered at their deadline. */
  prune(): void {
    while (this.waiting.peek()?.state === 'answered') this.waiting.shift()
  }

  /** The next requests whose clients still wait, as many as fit into a slot. */
  #takeBatch(): Request[] {
    const requests: Request[] = []
    let bytes = 0
    while (requests.length < this.#options.batch) {
      const request = this.waiting.peek()
      if (!request) break
      bytes += sizeOf(request.command)
      if (requests.length > 0 && bytes > this.#options.batch_bytes) break
      this.waiting.shift()
      if (request.take()) requests.push(request)
    }
    return requests
  }
}

/** Sends a request on to the leader. What was sent here already is refused: requests are not handed round. */
export function handOn(node: Node, leader: NodeId, request: Request): void {
  if (request.forwarded) node.refuse(request, 'unavailable', `${node.id.name} is not the leader any more`)
  else node.forward(leader, request)
}

/** About how many bytes a command takes in a message. */
export function sizeOf({ key, value }: Command): number {
  return key.length + value.length
}
