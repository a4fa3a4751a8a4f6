/**
 * The end of a node in good order (Ongaro 2014, §3.10). A leader takes nothing new and lets what is under way finish; then
 * it has a follower that has executed as much campaign at once, so that nobody waits for its silence; and stays until the others
 * send their requests to that one.
 */
import type { NodeId, Request } from '#core'
import { TakeOver } from './messages.ts'
import type { Paxos } from './paxos.ts'

export class Handover {
  /** Whether this node is about to end: it never campaigns again. */
  retiring = false
  /** Whether nothing is under way any more, and the others were asked how far they are. */
  drained = false
  /** When a follower was told to take over; two at a time would duel. */
  givenAt: number | null = null
  /** When this node heard of the leader after it. */
  succeededAt: number | null = null
  /** When a request last came, after its lead, from a node that did not know of its end. */
  askedAt = Number.NEGATIVE_INFINITY
  /** Told once the others can go on without this node. */
  done: (() => void) | null = null
  readonly #paxos: Paxos

  constructor(paxos: Paxos) {
    this.#paxos = paxos
  }

  begin(done: () => void): void {
    const { role, node } = this.#paxos
    this.retiring = true
    this.done = done
    if (role === 'candidate') this.#paxos.rest()
    if (role !== 'leader' || node.peers.length === 0) this.#finish()
  }

  /** Refuses a request that another node has sent to this one as the leader, which it is no more. */
  turnAway(request: Request): void {
    const { node } = this.#paxos
    this.askedAt = node.now()
    node.refuse(request, 'unavailable', `${node.id.name} is not the leader any more`)
  }

  /** Before a turn's requests are proposed: refuses them, and looks whether what is under way has finished. */
  onTurnEnd(): void {
    if (!this.done) return
    const { role, leader, node, proposer, reads } = this.#paxos
    if (role !== 'leader') {
      // From here on the others may still send requests here, until they have heard of the next leader.
      if (leader && leader !== node.id) this.succeededAt ??= node.now()
      return
    }
    for (const waiting of [proposer.takeWaiting(), reads.confirming.takeWaiting()]) {
      for (const request of waiting) node.refuse(request, 'unavailable', `${node.id.name} is about to end`)
    }
    if (this.drained || proposer.proposals.size > 0 || reads.confirming.size > 0) return
    this.drained = true
    this.#paxos.beat()
  }

  /** As leader: a follower tells how far it is. */
  onHeard(from: NodeId, executed: number): void {
    if (this.drained && this.givenAt === null && executed >= this.#paxos.log.executed) this.#give(from)
  }

  /**
   * Once a heartbeat: whoever is furthest has to do, or another if that one did nothing. Once there is another leader, this
   * node ends when nobody has sent it a request for two heartbeats.
   */
  look(): void {
    const { role, node, members, options } = this.#paxos
    const askedAt = this.succeededAt === null ? Number.POSITIVE_INFINITY : Math.max(this.succeededAt, this.askedAt)
    if (node.now() - askedAt >= 2 * options.heartbeat_ms) this.#finish()
    if (!this.drained || role !== 'leader') return
    if (this.givenAt !== null && node.now() - this.givenAt < options.heartbeat_ms) return
    const alive = members.heardWithin(2 * options.heartbeat_ms)
    const executed = (id: NodeId) => members.progress.get(id)?.executed ?? 0
    const [best] = alive.sort((a, b) => executed(b) - executed(a))
    if (best) this.#give(best)
  }

  /** The leader is about to end: its silence need not be waited for. */
  onTakeOver(m: TakeOver, from: NodeId): void {
    const { voting, promised, leader, election } = this.#paxos
    if (voting && m.ballot === promised && from === leader) election.campaign(promised)
  }

  #give(to: NodeId): void {
    const { node, promised } = this.#paxos
    this.givenAt = node.now()
    node.log.info('hand over', { to: to.name })
    // Urgent: it claims nothing but a ballot that is on disk since phase 1.
    node.send(to, TakeOver, { ballot: promised }, 'urgent')
  }

  #finish(): void {
    const { done } = this
    this.done = null
    done?.()
  }
}
