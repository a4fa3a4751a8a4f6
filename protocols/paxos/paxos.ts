/**
 * Multi-Paxos: Lamport, "Paxos Made Simple" (2001); van Renesse & Altınbüken, "Paxos Made Moderately Complex" (2015).
 * A leader, elected in phase 1 for all slots at once, orders batches of commands in phase 2; quorum systems decide how
 * many votes each phase takes (Howard et al., "Flexible Paxos", 2016). The messages are charted in `messages.ts`.
 *
 * The one hard idea: a value may be chosen in a slot only if no other can be chosen there, ever. So a new leader asks a
 * phase-1 quorum for its votes, the executed slots included, and proposes again what it finds; it has not finished
 * asking while a member's votes are truncated behind a snapshot that it lacks.
 */

import type { QuorumSystem, Replica, Request, Status } from '#core'
import { type Command, type Memory, majority, NO_BALLOT, type Node, type NodeId } from '#core'
import type { Candidate } from './candidate.ts'
import { CatchUp } from './catch-up.ts'
import { dumpOf } from './dump.ts'
import { Election } from './election.ts'
import { handlersOf } from './handlers.ts'
import { Handover } from './handover.ts'
import { type Entry, LEAP, Log } from './log.ts'
import { Members } from './members.ts'
import * as messages from './messages.ts'
import type { Options } from './options.ts'
import { batchOf, Proposer } from './proposer.ts'
import { Reads } from './reads.ts'
import * as records from './records.ts'
import { Recovery } from './recovery.ts'

/** A ballot so many rounds above the promised one is nobody's: a round takes an election, a rejoin some thousands. */
const LEAP_ROUNDS = 2 ** 28

/** One node's replica; its parts are elections, the leader's proposals, reads, and catching up. */
export class Paxos implements Replica {
  readonly node: Node
  readonly quorum: QuorumSystem
  readonly options: Options
  role: 'follower' | 'candidate' | 'leader' = 'follower'
  /** No ballot below this one is answered any more. */
  promised = NO_BALLOT
  /** Whether this node may vote: not while it has forgotten its earlier votes. */
  voting = true
  leader: NodeId | null = null
  leaderHeardAt = 0
  readonly log = new Log()
  /** The leader's word: by votes of this ballot all slots below `committed` are chosen. */
  mark = { ballot: NO_BALLOT, committed: 0 }
  readonly election: Election
  readonly proposer: Proposer
  readonly catchUp: CatchUp
  readonly reads: Reads
  readonly handover: Handover
  /** As leader: how far the others are. */
  readonly members: Members
  /** The commit mark last sent to the others. */
  told = 0
  /** The executed mark last recorded. */
  recorded = 0
  readonly recovery: Recovery

  constructor(node: Node, options: Options, quorum: QuorumSystem = majority(node.cluster)) {
    this.node = node
    this.options = options
    this.quorum = quorum
    this.election = new Election(this)
    this.proposer = new Proposer(node, options, quorum)
    this.catchUp = new CatchUp(this)
    this.reads = new Reads(this)
    this.handover = new Handover(this)
    this.members = new Members(node)
    this.recovery = new Recovery(this)
    node.register(messages, handlersOf(this), records)
  }

  onStart(memory: Memory): void {
    this.voting = memory !== 'lost'
    // What a crash has left of an install is of no use.
    this.recovery.pieces = []
    this.election.start()
    this.node.setTimer(this.options.heartbeat_ms, () => this.onHeartbeatTimeout())
  }

  onRequest(request: Request): void {
    if (request.forwarded && this.role !== 'leader') this.handover.turnAway(request)
    else if (!this.reads.take(request)) this.proposer.waiting.push(request)
  }

  onTurnEnd(): void {
    const { executed } = this.log
    this.handover.onTurnEnd()
    if (this.role === 'leader') {
      if (this.proposer.proposeWaiting(this.promised, executed)) this.told = executed
      if (executed > this.told) this.#tell()
    } else if (this.options.ephemeral_leader === 1 && !this.handover.retiring) {
      if (this.proposer.waiting.size > 0 || this.reads.confirming.waiting.length > 0) this.election.claim()
    } else if (this.leader) {
      this.proposer.forwardWaiting(this.leader)
      this.reads.forward(this.leader)
    }
    this.reads.onTurnEnd()
  }

  retire(done: () => void): void {
    this.handover.begin(done)
  }

  dump(): Iterable<object> {
    return dumpOf(this)
  }

  status(): Status {
    const { role, promised, leader, voting } = this
    const reason = !voting ? 'forgot its votes' : leader ? role : 'no leader'
    const { executed, floor, end } = this.log
    return { ready: leader !== null, reason, leader, executed, role, ballot: promised, voting, floor, end }
  }

  // Phase 1

  onCanvass(m: messages.Canvass, from: NodeId): void {
    if (!this.voting) return
    const granted = this.election.grants(m, from)
    this.node.send(from, messages.Canvassed, { round: m.round, promised: this.promised, granted })
  }

  onCanvassed(m: messages.Canvassed, from: NodeId): void {
    if (this.#possible(m.promised)) this.election.onCanvassed(m, from)
  }

  onPrepare(m: messages.Prepare, from: NodeId): void {
    // A node that forgot its votes counts in no quorum, not even in its own.
    if (!this.voting || !this.#issued(m.ballot, from)) return
    if (m.ballot < this.promised) {
      this.#refuse(from)
      return
    }
    if (m.ballot > this.promised) this.#defer(m.ballot)
    this.election.heed(m.ballot, m.from)
    const { votes, end, more } = this.catchUp.votesFrom(m.from)
    this.node.send(from, messages.Prepared, { ballot: m.ballot, from: m.from, end, more, floor: this.log.floor, votes })
  }

  onRefused({ ballot }: messages.Refused): void {
    if (this.role !== 'follower' && ballot > this.promised && this.#possible(ballot)) this.#defer(ballot)
  }

  /** Takes the lead: proposes again whatever may have been chosen, and no-ops into the holes between. */
  lead({ votes, end }: Candidate): void {
    const { node, log, promised } = this
    this.role = 'leader'
    this.leader = node.id
    this.election.settle()
    this.members.reset()
    this.#aim()
    node.log.info('lead', { ballot: node.ballots.format(promised), from: log.executed })
    const from = log.executed
    this.proposer.next = Math.max(end, from)
    this.reads.lead(this.proposer.next)
    const inherited = Array.from({ length: this.proposer.next - from }, (_, index) => votes.get(from + index))
    if (!this.voting) {
      // What the others voted for is taken over, on disk too, before this node's vote counts again.
      for (const [index, vote] of inherited.entries()) this.#vote(from + index, promised, vote?.commands ?? [])
      this.voting = true
      node.regain()
    }
    for (const [index, vote] of inherited.entries()) {
      const slot = from + index
      if (vote?.chosen) this.choose(slot, vote.ballot, vote.commands)
      // Every member's floor is at most `from`, so a slot without a vote in the whole quorum was never chosen.
      else if (!log.get(slot)?.chosen) this.proposer.propose(slot, promised, from, batchOf(vote?.commands ?? []))
    }
    this.advance()
    this.beat()
  }

  /** Becomes a follower without a leader. What a deposed leader has proposed may or may not be chosen. */
  rest(): void {
    if (this.role === 'leader') this.node.log.info('step down', { ballot: this.node.ballots.format(this.promised) })
    this.role = 'follower'
    this.leader = null
    this.proposer.abandon()
    this.reads.rest()
    this.election.rest()
  }

  promise(ballot: number): void {
    this.promised = ballot
    this.node.persist(records.Promised, { ballot })
  }

  /** Yields to a higher ballot, and gives its owner time to win. */
  #defer(ballot: number): void {
    this.rest()
    this.promise(ballot)
    this.election.postpone()
  }

  /** Whether some node could have promised this ballot; others come from no honest node. */
  #possible(ballot: number): boolean {
    const { ballots } = this.node
    if (ballot === NO_BALLOT) return true
    return ballots.valid(ballot) && ballots.round(ballot) - ballots.round(this.promised) <= LEAP_ROUNDS
  }

  /** Whether `from` could have issued this ballot. */
  #issued(ballot: number, from: NodeId): boolean {
    return this.#possible(ballot) && this.node.ballots.owner(ballot) === from
  }

  #refuse(to: NodeId): void {
    this.node.send(to, messages.Refused, { ballot: this.promised })
  }

  /** Follows the owner of `ballot`; false when that ballot is out of date. */
  #follow(ballot: number, from: NodeId): boolean {
    if (ballot < this.promised || !this.#issued(ballot, from)) return false
    if (ballot > this.promised) {
      this.rest()
      this.promise(ballot)
    }
    if (from === this.node.id) return true
    if (this.leader !== from)
      this.node.log.info('follow', { leader: from.name, ballot: this.node.ballots.format(ballot) })
    this.leader = from
    this.leaderHeardAt = this.node.now()
    // A poll against this leader is settled; one that looks for a fence goes on.
    if (this.voting) this.election.settle()
    return true
  }

  // Phase 2

  onAccept(m: messages.Accept, from: NodeId): void {
    if (m.slot > this.log.end + LEAP) return
    if (!this.#follow(m.ballot, from)) {
      if (this.voting) this.#refuse(from)
      return
    }
    // Below the floor all is chosen and executed, so any proposal there has the value that the snapshot has.
    if (m.slot >= this.log.floor) this.#vote(m.slot, m.ballot, m.commands)
    if (this.voting) this.node.send(from, messages.Accepted, { ballot: m.ballot, slot: m.slot })
    this.#heed(m.ballot, m.committed)
  }

  onAccepted(m: messages.Accepted, from: NodeId): void {
    if (this.role !== 'leader' || m.ballot !== this.promised) return
    // A heartbeat's answer may stand behind megabytes; who votes is there, too.
    if (from !== this.node.id) this.members.hear(from)
    const proposal = this.proposer.ack(m.slot, from)
    if (!proposal) return
    this.choose(m.slot, m.ballot, proposal.commands)
    this.advance()
  }

  onCommit(m: messages.Commit, from: NodeId): void {
    if (this.#follow(m.ballot, from)) this.#heed(m.ballot, m.committed)
  }

  /** Records that these commands are chosen. */
  choose(slot: number, ballot: number, commands: readonly Command[]): void {
    if (slot < this.log.executed) return
    // Learned at a higher ballot, it is a vote at that, and promises it: else, if a crash keeps the vote and not that it is
    // chosen, what a lower ballot proposes would take the vote's place and pass for it.
    if (ballot > this.promised) {
      if (!this.#possible(ballot)) return
      this.#defer(ballot)
    }
    this.#vote(slot, ballot, commands)
    this.log.choose(slot, ballot, commands)
  }

  /** Executes what is chosen, in order. */
  advance(): void {
    for (;;) {
      const entry = this.log.get(this.log.executed)
      if (!entry || !this.#isChosen(entry)) return
      entry.chosen = true
      this.#execute(entry)
    }
  }

  #vote(slot: number, ballot: number, commands: readonly Command[]): void {
    if (this.log.get(slot)?.ballot === ballot) return
    this.#record()
    const entry = this.log.vote(slot, ballot, commands)
    this.node.persist(records.Voted, { slot, ballot: entry.ballot, commands: entry.commands })
  }

  /**
   * Notes how far this node has executed, along with a vote or once a heartbeat: no output rests on it, so it is not worth
   * a sync of its own. What a crash takes of it is learned, and executed, again.
   */
  #record(): void {
    const { executed } = this.log
    if (executed <= this.recorded) return
    this.recorded = executed
    this.node.persist(records.Executed, { slot: executed })
  }

  /** Takes the leader's word on what is chosen. */
  #heed(ballot: number, committed: number): void {
    if (this.role === 'leader') return
    if (ballot > this.mark.ballot || committed > this.mark.committed) this.mark = { ballot, committed }
    this.advance()
  }

  /** A commit notice names its ballot: a vote of another ballot may be for another value, and is never taken for it. */
  #isChosen(entry: Entry): boolean {
    return entry.chosen || (entry.slot < this.mark.committed && entry.ballot === this.mark.ballot)
  }

  #execute({ slot, ballot, commands }: Entry): void {
    this.log.executed = slot + 1
    const requests = this.proposer.finish(slot)
    for (const [index, command] of commands.entries()) {
      const result = this.node.execute(command)
      const request = requests[index]
      // Urgent: the command was chosen by votes that were on disk when they were sent.
      if (request) this.node.reply(request, result, { slot, ballot }, 'urgent')
    }
    // A node alone hears of nothing else that would bring about the turn in which more is proposed.
    if (this.node.peers.length === 0 && this.proposer.waiting.size > 0) this.node.setTimer(0, () => {})
  }

  #tell(): void {
    this.told = this.log.executed
    const commit = { ballot: this.promised, committed: this.log.executed }
    // Urgent: these slots were chosen by votes that were on disk when they were sent.
    this.node.multicast(this.node.peers, messages.Commit, commit, 'urgent')
  }

  // Heartbeats, and what they repair

  onHeartbeatTimeout(): void {
    this.node.setTimer(this.options.heartbeat_ms, () => this.onHeartbeatTimeout())
    this.#record()
    if (this.role === 'leader' && !this.#reachesQuorum()) {
      this.node.log.warn('no quorum answers')
      this.rest()
    }
    if (this.role === 'leader') {
      this.beat()
      this.proposer.resend(this.log.executed)
    }
    this.election.urge()
    this.catchUp.look()
    this.reads.look()
    this.handover.look()
    this.proposer.prune()
    this.log.shrink(this.catchUp.retained)
  }

  onHeartbeat(m: messages.Heartbeat, from: NodeId): void {
    if (!this.#follow(m.ballot, from)) {
      if (this.voting) this.#refuse(from)
      return
    }
    this.#heed(m.ballot, m.committed)
    if (this.voting) this.node.send(from, messages.Heard, { ballot: m.ballot, executed: this.log.executed })
    this.log.truncate(m.floor)
  }

  onConfirm(m: messages.Confirm, from: NodeId): void {
    if (!this.#follow(m.ballot, from)) {
      if (this.voting) this.#refuse(from)
      return
    }
    if (this.voting) this.node.send(from, messages.Confirmed, { ballot: m.ballot, round: m.round })
  }

  onHeard(m: messages.Heard, from: NodeId): void {
    if (this.role !== 'leader' || m.ballot !== this.promised) return
    this.members.hear(from, m.executed)
    this.handover.onHeard(from, m.executed)
  }

  /** Shows that the leader lives, and asks how far the others are. */
  beat(): void {
    this.#aim()
    this.told = this.log.executed
    const floor = this.members.floor(this.log.executed)
    this.log.truncate(floor)
    const heartbeat = { ballot: this.promised, committed: this.log.executed, floor }
    // Urgent: true by synced votes, and late heartbeats cause elections.
    this.node.multicast(this.node.peers, messages.Heartbeat, heartbeat, 'urgent')
  }

  /** Thrifty: the others need not vote while these do. Who fetches a snapshot hears what follows it, or would never catch up. */
  #aim(): void {
    const { thrifty, heartbeat_ms } = this.options
    if (thrifty === 0) return
    const near = this.members.nearest(this.quorum.phase2, 2 * heartbeat_ms)
    this.proposer.targets = [...new Set([...near, ...this.catchUp.uploads.byReader.keys()])]
  }

  /** A leader that cannot reach a phase-2 quorum stands in the way of one that can. */
  #reachesQuorum(): boolean {
    const alive = this.members.heardWithin(2 * this.options.election_ms)
    return this.quorum.phase2.includes([...alive, this.node.id])
  }
}
