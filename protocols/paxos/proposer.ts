/** The leader's side of phase 2: which requests wait, what is proposed for which slot, and who waits for it. */
import { type Command, Fifo, type Node, type NodeId, type QuorumSystem, type Request, type Tally } from '#core'
import { Accept } from './messages.ts'
import type { Options } from './options.ts'

/** How many unanswered proposals are sent again in one heartbeat, and about how many bytes of them. */
const RESEND = 64
const RESEND_BYTES = 1_048_576
/** How many heartbeats votes may take at most until a proposal is sent again; and, in vain, how many times longer then. */
const MOST_PATIENCE = 30
const LATEST_RESEND = 4

/** What goes into one slot. */
export interface Batch {
  readonly commands: readonly Command[]
  /** The clients that wait for it, in the order of their commands. */
  readonly requests: readonly Request[]
  /** Of its keys and values. */
  readonly bytes: number
}

/** A batch that the leader has proposed. */
export interface Proposal extends Batch {
  readonly slot: number
  readonly ballot: number
  readonly tally: Tally
  sentAt: number
  /** How many times longer than others it waits until it is sent again: 1 when it never was. */
  delay: number
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
  /** The bytes of all proposals. */
  #bytes = 0
  /**
   * After how many heartbeats what has no quorum is sent again: twice what votes took last for what was sent once, as in
   * `repeat.ts`. One for all, since they share their lines; and what one is sent in vain, others are not: a loss is no queue.
   */
  #patience = 1

  constructor(node: Node, options: Options, quorum: QuorumSystem) {
    this.#node = node
    this.#options = options
    this.#quorum = quorum
    this.targets = node.cluster.members
  }

  /** Proposes a batch for a slot. All slots below `committed` are chosen. */
  propose(slot: number, ballot: number, committed: number, batch: Batch): void {
    const { commands } = batch
    this.#bytes += batch.bytes
    const tally = this.#quorum.phase2.tally()
    this.proposals.set(slot, { ...batch, slot, ballot, tally, sentAt: this.#node.now(), delay: 1 })
    // Urgent: the ballot is on disk since phase 1, the mark stands on synced votes, and this node's own vote is a
    // message of its own, which waits for its record.
    this.#node.multicast(this.targets, Accept, { ballot, slot, committed, commands }, 'urgent')
  }

  /** Proposes what waits, while the pipeline has room; true when something was proposed. */
  proposeWaiting(ballot: number, committed: number): boolean {
    const before = this.next
    const { pipeline, pipeline_bytes } = this.#options
    while (this.waiting.size > 0 && this.next - committed < pipeline && this.#bytes < pipeline_bytes) {
      const batch = this.#takeBatch()
      if (batch.requests.length === 0) break
      this.propose(this.next++, ballot, committed, batch)
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
    const patience = this.#patience * this.#options.heartbeat_ms
    let [left, bytes] = [RESEND, RESEND_BYTES]
    for (const proposal of this.proposals.values()) {
      if (left === 0 || bytes <= 0) return
      const { slot, ballot, commands, tally, delay } = proposal
      if (tally.stands || proposal.sentAt > now - delay * patience) continue
      left -= 1
      bytes -= proposal.bytes
      proposal.sentAt = now
      proposal.delay = Math.min(2 * delay, LATEST_RESEND)
      const silent = this.#node.peers.filter((peer) => !tally.has(peer))
      this.#node.multicast(silent, Accept, { ballot, slot, committed, commands }, 'urgent')
    }
  }

  /** Takes a vote; gives the proposal that is chosen by it. */
  ack(slot: number, from: NodeId): Proposal | null {
    const proposal = this.proposals.get(slot)
    if (!proposal?.tally.ack(from)) return null
    const heartbeats = (this.#node.now() - proposal.sentAt) / this.#options.heartbeat_ms
    if (proposal.delay === 1) this.#patience = Math.min(Math.max(1, Math.ceil(2 * heartbeats)), MOST_PATIENCE)
    return proposal
  }

  /** The clients that wait for an executed slot, which is done. */
  finish(slot: number): readonly Request[] {
    const proposal = this.proposals.get(slot)
    if (!proposal) return []
    this.proposals.delete(slot)
    this.#bytes -= proposal.bytes
    return proposal.requests
  }

  /** Gives up what was proposed: it may or may not be chosen. */
  abandon(): void {
    for (const { requests } of this.proposals.values()) {
      for (const request of requests) {
        this.#node.refuse(request, 'unknown', 'the leader changed; the request may have been applied')
      }
    }
    this.proposals.clear()
    this.#bytes = 0
    this.#patience = 1
  }

  /** Drops requests whose clients were answered at their deadline. */
  prune(): void {
    while (this.waiting.peek()?.state === 'answered') this.waiting.shift()
  }

  /** The next requests whose clients still wait, as many as fit into a slot. */
  #takeBatch(): Batch {
    const commands: Command[] = []
    const requests: Request[] = []
    let bytes = 0
    while (requests.length < this.#options.batch) {
      const request = this.waiting.peek()
      if (!request) break
      const size = sizeOf(request.command)
      if (requests.length > 0 && bytes + size > this.#options.batch_bytes) break
      this.waiting.shift()
      if (!request.take()) continue
      bytes += size
      commands.push(request.command)
      requests.push(request)
    }
    return { commands, requests, bytes }
  }
}

/** A batch that no client of this leader waits for; without commands, a no-op. */
export function batchOf(commands: readonly Command[]): Batch {
  let bytes = 0
  for (const command of commands) bytes += sizeOf(command)
  return { commands, requests: [], bytes }
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
