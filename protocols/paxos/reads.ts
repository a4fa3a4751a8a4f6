/**
 * Reads beside the log, which cost a round of small messages and no slot.
 *
 * `leader` is ReadIndex (Ongaro 2014, §6.4): a phase-2 quorum confirms, after the read has come, that it knows no higher
 * ballot. So no other leader had a quorum when the read came, and all that was chosen till then stands in this log.
 * `quorum` is Paxos Quorum Reads (Charapko, Ailijiang, Demirbas 2019), at any node: whatever is chosen was voted for by
 * a phase-2 quorum, of which each phase-1 quorum has a member; so no chosen slot lies above the highest vote of one.
 * `any` asks nobody, and may be stale.
 */
import type { NodeId, Position, Request } from '#core'
import { LEAP } from './log.ts'
import * as messages from './messages.ts'
import type { Paxos } from './paxos.ts'
import { batchOf, handOn } from './proposer.ts'
import { type Round, Rounds } from './rounds.ts'

export class Reads {
  /** Reads that ask for the leader; while this node does not lead, they wait for one who does. */
  readonly confirming = new Rounds()
  readonly surveying = new Rounds()
  /** As leader: above all slots that may have been chosen before. */
  first = 0
  readonly #paxos: Paxos

  constructor(paxos: Paxos) {
    this.#paxos = paxos
  }

  /** Takes a request that asks for a read beside the log; false for any other. */
  take(request: Request): boolean {
    const { node, voting } = this.#paxos
    if (request.read === '' || !node.store.isRead(request.command)) return false
    if (request.read === 'leader') this.confirming.waiting.push(request)
    else if (request.read === 'quorum') this.surveying.waiting.push(request)
    else if (voting) this.#answer(request)
    else node.refuse(request, 'unavailable', 'this node forgot its votes, and has not all of them back')
    return true
  }

  /** As the leader that begins: slots below `first` are inherited. */
  lead(first: number): void {
    this.first = first
  }

  /** Does not lead any more: the reads wait for another leader. */
  rest(): void {
    this.confirming.restart()
  }

  /** At the end of a turn: asks for those that came, answers those that may be. */
  onTurnEnd(): void {
    const { log, voting, role } = this.#paxos
    if (role === 'leader' && this.confirming.ripe) this.#confirm()
    if (voting && this.surveying.ripe) this.#survey()
    for (const request of this.confirming.take(log.executed)) this.#answer(request)
    for (const request of this.surveying.take(log.executed)) this.#answer(request)
  }

  /** Sends the leader's reads on to it. */
  forward(leader: NodeId): void {
    for (const request of this.confirming.takeWaiting()) handOn(this.#paxos.node, leader, request)
  }

  /** Once a heartbeat: asks again those who are silent, urgently as before, and for slots that do not come. */
  look(): void {
    const { node, promised, leader } = this.#paxos
    for (const rounds of [this.confirming, this.surveying]) rounds.prune()
    const { round: confirm } = this.confirming
    if (confirm) {
      const question = { ballot: promised, round: confirm.number }
      node.multicast(this.#silent(confirm), messages.Confirm, question, 'urgent')
    }
    const { round: survey, due } = this.surveying
    if (survey) node.multicast(this.#silent(survey), messages.Survey, { round: survey.number }, 'urgent')
    const end = Math.max(0, ...due.map((round) => round.end))
    if (leader && end > 0) node.send(leader, messages.Fill, { end })
  }

  onConfirmed(m: messages.Confirmed, from: NodeId): void {
    if (this.#paxos.role === 'leader' && m.ballot === this.#paxos.promised) this.confirming.ack(m.round, from)
  }

  onSurvey(m: messages.Survey, from: NodeId): void {
    const { node, log, voting } = this.#paxos
    // Who forgot votes could leave out the very one that matters.
    if (voting) node.send(from, messages.Surveyed, { round: m.round, end: log.end })
  }

  onSurveyed(m: messages.Surveyed, from: NodeId): void {
    if (m.end <= this.#paxos.log.end + LEAP) this.surveying.ack(m.round, from, m.end)
  }

  /** A vote may stand in a slot that no leader knows of: no-ops make sure that it is decided. */
  onFill(m: messages.Fill): void {
    const { role, proposer, log, promised, options } = this.#paxos
    if (role !== 'leader' || m.end > log.end + LEAP) return
    const end = Math.min(m.end, log.executed + options.pipeline)
    while (proposer.next < end) proposer.propose(proposer.next++, promised, log.executed, batchOf([]))
  }

  #confirm(): void {
    const { node, log, proposer, promised, quorum } = this.#paxos
    // A leader answers once it has executed an entry of its own ballot above all that it inherited.
    if (proposer.next === this.first) proposer.propose(proposer.next++, promised, log.executed, batchOf([]))
    const round = this.confirming.begin(quorum.phase2.tally(), Math.max(log.executed, this.first + 1))
    // Urgent: it claims nothing but a ballot that is on disk since phase 1.
    node.broadcast(messages.Confirm, { ballot: promised, round: round.number }, 'urgent')
  }

  #survey(): void {
    const { node, quorum } = this.#paxos
    // An answer to an earlier life may be older than a write that is done.
    if (this.surveying.number === 0) this.surveying.number = node.random.below(2 ** 32)
    const round = this.surveying.begin(quorum.phase1.tally(), 0)
    // Urgent: a question claims nothing.
    node.broadcast(messages.Survey, { round: round.number }, 'urgent')
  }

  #silent({ tally }: Round): NodeId[] {
    return this.#paxos.node.cluster.members.filter((member) => !tally.has(member))
  }

  #answer(request: Request): void {
    const { node } = this.#paxos
    // Urgent: what is executed was chosen by votes that were on disk when they were sent.
    node.reply(request, node.execute(request.command), this.#position(), 'urgent')
  }

  /** The last slot that the store shows. */
  #position(): Position | null {
    const { log, promised } = this.#paxos
    return log.executed > 0 && promised > 0 ? { slot: log.executed - 1, ballot: promised } : null
  }
}
