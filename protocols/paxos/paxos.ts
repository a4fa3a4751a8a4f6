/**
 * Multi-Paxos: Lamport, "Paxos Made Simple" (2001); van Renesse & Altınbüken, "Paxos Made Moderately Complex" (2015).
 * A leader, elected in phase 1 for all slots at once, orders batches of commands in phase 2; quorum systems decide how
 * many votes each phase takes (Howard et al., "Flexible Paxos", 2016). The messages are charted in `messages.ts`.
 *
 * The one hard idea: a value may be chosen in a slot only if no other can be chosen there, ever. So a new leader asks a
 * phase-1 quorum for its votes, the executed slots included, and proposes again what it finds; it has not finished
 * asking while a member's votes are truncated behind a snapshot that it lacks.
 */

import type { Command, Status, Tally, Timer } from '#core'
import {
  Fifo,
  type Memory,
  majority,
  NO_BALLOT,
  type Node,
  type NodeId,
  type QuorumSystem,
  type Replica,
  type Request,
} from '#core'
import { Candidate } from './candidate.ts'
import { type Entry, Log } from './log.ts'
import * as messages from './messages.ts'
import type { Options } from './options.ts'
import * as records from './records.ts'
import { Incoming, Uploads } from './transfer.ts'

/** A slot further than this above all others is not an honest proposal. */
const LEAP = 1_000_000

/** How many unanswered proposals are sent again at once. */
const RESEND = 64

/** How many heartbeats a snapshot is kept for a reader that does not come back. */
const UPLOAD_PATIENCE = 50

/** For a node that rejoins without its memory: it may have issued ballots that nobody remembers. */
const REJOIN_ROUNDS = 65_536

/** A batch that the leader has proposed, with the clients that wait for it. */
interface Proposal {
  readonly slot: number
  readonly commands: readonly Command[]
  readonly requests: readonly Request[]
  readonly tally: Tally
  sentAt: number
}

/** What the leader knows of a member. */
interface Progress {
  executed: number
  heardAt: number
}

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
  mark = { ballot: 0, committed: 0 }
  /** A poll of this node, open until a quorum says that it hears no leader. */
  poll: { readonly round: number; highest: number; readonly tally: Tally } | null = null
  candidate: Candidate | null = null
  /** As leader: the slot to propose next, what is proposed and not executed, and how far the members are. */
  next = 0
  readonly proposals = new Map<number, Proposal>()
  readonly progress = new Map<NodeId, Progress>()
  readonly waiting = new Fifo<Request>()
  readonly uploads = new Uploads()
  incoming: Incoming | null = null
  #round = 0
  #electionTimer: Timer | null = null
  /** The commit mark last sent to the others. */
  #told = 0
  /** What `executed` was at the last heartbeat timeout: a mark above it that stands still is a gap. */
  #executedBefore = 0
  #executedRecorded = 0
  /** The pieces of a snapshot being recovered from the log. */
  #recovered: Uint8Array[] = []

  constructor(node: Node, options: Options, quorum: QuorumSystem = majority(node.cluster)) {
    this.node = node
    this.options = options
    this.quorum = quorum
    node.register(messages, this, records)
  }

  onStart(memory: Memory): void {
    this.voting = memory !== 'lost'
    const alone = this.node.cluster.size === 1
    // The first election need not wait for the silence of a leader that never was.
    this.#awaitElection(alone ? 0 : this.node.random.below(this.options.election_ms))
    this.node.setTimer(this.options.heartbeat_ms, () => this.onHeartbeatTimeout())
  }

  onRequest(request: Request): void {
    if (request.forwarded && this.role !== 'leader') this.node.refuse(request, 'unavailable', 'not the leader any more')
    else this.waiting.push(request)
  }

  onTurnEnd(): void {
    if (this.role === 'leader') this.#proposeWaiting()
    else if (this.leader) this.#forwardWaiting(this.leader)
    if (this.role === 'leader' && this.log.executed > this.#told) {
      this.#told = this.log.executed
      const commit = { ballot: this.promised, committed: this.log.executed }
      // Urgent: these slots were chosen by votes that were on disk when they were sent.
      this.node.multicast(this.node.peers, messages.Commit, commit, 'urgent')
    }
    if (this.log.executed > this.#executedRecorded) {
      this.#executedRecorded = this.log.executed
      this.node.persist(records.Executed, { slot: this.log.executed })
    }
  }

  status(): Status {
    const { role, promised, leader, voting } = this
    const reason = !voting ? 'forgot its votes' : leader ? role : 'no leader'
    const { executed, floor, end } = this.log
    return { ready: leader !== null, reason, leader, executed, role, ballot: promised, voting, floor, end }
  }

  // Elections

  onElectionTimeout(): void {
    if (this.role === 'leader') return
    const silence = this.node.now() - this.leaderHeardAt
    if (this.leader && silence < this.options.election_ms) {
      this.#awaitElection(this.#electionDelay() - silence)
      return
    }
    this.#awaitElection(this.#electionDelay())
    if (this.leader) this.node.log.info('leader silent', { leader: this.leader.name })
    this.#rest()
    this.canvass()
  }

  /** Asks whether the others, too, hear no leader. */
  canvass(): void {
    this.poll = { round: ++this.#round, highest: this.promised, tally: this.quorum.phase1.tally() }
    this.node.broadcast(messages.Canvass, { round: this.poll.round })
  }

  onCanvass(m: messages.Canvass, from: NodeId): void {
    if (!this.voting) return
    const granted = !this.#hearsLeader()
    this.node.send(from, messages.Canvassed, { round: m.round, promised: this.promised, granted })
  }

  onCanvassed(m: messages.Canvassed, from: NodeId): void {
    if (!this.poll || m.round !== this.poll.round || !this.#mayBe(m.promised)) return
    this.poll.highest = Math.max(this.poll.highest, m.promised)
    // A node that rejoins opens a fresh ballot even while there is a leader: it needs a fence, not the lead.
    if ((m.granted || !this.voting) && this.poll.tally.ack(from)) this.campaign(this.poll.highest)
  }

  /** Opens phase 1 at a ballot of this node above `highest`. */
  campaign(highest: number): void {
    const step = this.voting ? 1 : 1 + this.node.random.below(REJOIN_ROUNDS)
    this.#rest()
    this.role = 'candidate'
    this.#promise(this.node.ballots.next(Math.max(highest, this.promised), this.node.id, step))
    this.candidate = new Candidate(this.promised, this.log.executed, this.quorum.phase1.tally())
    this.node.log.info('campaign', { ballot: this.node.ballots.format(this.promised), from: this.log.executed })
    // The promise is recorded before: a ballot that only this node may issue is on disk before a message names it.
    this.node.broadcast(messages.Prepare, { ballot: this.promised, from: this.log.executed })
  }

  onPrepare(m: messages.Prepare, from: NodeId): void {
    // A node that forgot its votes counts in no quorum, not even in its own.
    if (!this.voting || !this.#mayBe(m.ballot) || this.node.ballots.owner(m.ballot) !== from) return
    if (m.ballot < this.promised) {
      const refusal = { ballot: this.promised, from: m.from, end: m.from, more: false, floor: 0, votes: [] }
      this.node.send(from, messages.Prepared, refusal)
      return
    }
    if (m.ballot > this.promised) this.#defer(m.ballot)
    const { votes, end, more } = this.#votesFrom(m.from)
    this.node.send(from, messages.Prepared, { ballot: m.ballot, from: m.from, end, more, floor: this.log.floor, votes })
  }

  onPrepared(m: messages.Prepared, from: NodeId): void {
    const { candidate } = this
    if (!candidate || m.ballot < candidate.ballot || !this.#mayBe(m.ballot)) return
    if (m.ballot > candidate.ballot) {
      this.#defer(m.ballot)
      return
    }
    if (m.votes.some((vote) => vote.slot > this.log.end + LEAP)) return
    if (candidate.take(m, from)) this.#conclude()
    else this.#askOn(candidate, from)
  }

  /** Phase 1 is complete: leads, once nothing below the highest floor is missing here. */
  #conclude(): void {
    const { candidate } = this
    if (!candidate?.elected) return
    if (candidate.floor > this.log.executed && candidate.floorHolder) this.#download(candidate.floorHolder)
    else this.lead(candidate)
  }

  /** Takes the lead: proposes again whatever may have been chosen, and no-ops into the holes between. */
  lead(candidate: Candidate): void {
    this.role = 'leader'
    this.candidate = null
    this.leader = this.node.id
    this.next = Math.max(candidate.end, this.log.executed)
    this.#told = this.log.executed
    this.progress.clear()
    for (const peer of this.node.peers) this.progress.set(peer, { executed: 0, heardAt: this.node.now() })
    this.node.log.info('lead', { ballot: this.node.ballots.format(this.promised), from: this.log.executed })
    const inherited = Array.from({ length: this.next - this.log.executed }, (_, index) => {
      const slot = this.log.executed + index
      return { slot, vote: candidate.votes.get(slot) }
    })
    if (!this.voting) {
      // Protocol-Aware Recovery: what the others voted for is taken over before this node's vote counts again.
      for (const { slot, vote } of inherited) this.#vote(slot, this.promised, vote?.commands ?? [])
      this.voting = true
      this.node.regain()
    }
    for (const { slot, vote } of inherited) {
      if (vote?.chosen) this.#choose(slot, vote.ballot, vote.commands)
      else if (!this.log.get(slot)?.chosen) this.propose(slot, vote?.commands ?? [], [])
    }
    this.#advance()
    this.#beat()
  }

  /** Whether some node could have promised or issued this ballot; others come from no honest node. */
  #mayBe(ballot: number): boolean {
    return ballot === NO_BALLOT || this.node.ballots.valid(ballot)
  }

  #hearsLeader(): boolean {
    if (this.role === 'leader') return true
    return this.leader !== null && this.node.now() - this.leaderHeardAt < this.options.election_ms
  }

  #electionDelay(): number {
    return this.options.election_ms + this.node.random.below(this.options.election_ms)
  }

  #awaitElection(delayMs: number): void {
    this.node.clearTimer(this.#electionTimer)
    this.#electionTimer = this.node.setTimer(Math.max(0, delayMs), () => this.onElectionTimeout())
  }

  #promise(ballot: number): void {
    this.promised = ballot
    this.node.persist(records.Promised, { ballot })
  }

  /** Yields to a higher ballot, and gives its owner time to win. */
  #defer(ballot: number): void {
    this.#rest()
    this.#promise(ballot)
    this.#awaitElection(this.#electionDelay())
  }

  /** Becomes a follower without a leader. What a deposed leader has proposed may or may not be chosen. */
  #rest(): void {
    if (this.role === 'leader') this.node.log.info('step down', { promised: this.node.ballots.format(this.promised) })
    this.role = 'follower'
    this.leader = null
    this.candidate = null
    this.poll = null
    for (const { requests } of this.proposals.values()) {
      for (const request of requests) {
        this.node.refuse(request, 'unknown', 'the leader changed; the request may have been applied')
      }
    }
    this.proposals.clear()
    if (this.#electionTimer?.alarm == null) this.#awaitElection(this.#electionDelay())
  }

  /** Follows the owner of `ballot`; false when that ballot is out of date. */
  #follow(ballot: number, from: NodeId): boolean {
    if (ballot < this.promised || !this.#mayBe(ballot) || this.node.ballots.owner(ballot) !== from) return false
    if (ballot > this.promised) {
      this.#rest()
      this.#promise(ballot)
    }
    if (from !== this.node.id) {
      if (this.leader !== from)
        this.node.log.info('follow', { leader: from.name, ballot: this.node.ballots.format(ballot) })
      this.leader = from
      this.leaderHeardAt = this.node.now()
      // A poll against this leader is settled; one that looks for a fence goes on.
      if (this.voting) this.poll = null
    }
    return true
  }

  // Phase 2

  /** Proposes commands for a slot at this leader's ballot. */
  propose(slot: number, commands: readonly Command[], requests: readonly Request[]): void {
    const proposal = { slot, commands, requests, tally: this.quorum.phase2.tally(), sentAt: this.node.now() }
    this.proposals.set(slot, proposal)
    this.#told = this.log.executed
    // Urgent: the ballot is on disk since phase 1, the mark stands on synced votes, and this node's own vote is a
    // message of its own, which waits for its record.
    this.node.broadcast(messages.Accept, this.#acceptOf(proposal), 'urgent')
  }

  onAccept(m: messages.Accept, from: NodeId): void {
    if (m.slot > this.log.end + LEAP) return
    if (!this.#follow(m.ballot, from)) {
      if (this.voting) this.node.send(from, messages.Accepted, { ballot: this.promised, slot: m.slot })
      return
    }
    // Below the floor all is chosen and executed, so any proposal there has the value that the snapshot has.
    if (m.slot >= this.log.floor) this.#vote(m.slot, m.ballot, m.commands)
    if (this.voting) this.node.send(from, messages.Accepted, { ballot: m.ballot, slot: m.slot })
    this.#heed(m.ballot, m.committed)
  }

  onAccepted(m: messages.Accepted, from: NodeId): void {
    if (this.role !== 'leader' || m.ballot < this.promised || !this.#mayBe(m.ballot)) return
    if (m.ballot > this.promised) {
      this.#defer(m.ballot)
      return
    }
    const proposal = this.proposals.get(m.slot)
    if (!proposal?.tally.ack(from)) return
    this.#choose(m.slot, m.ballot, proposal.commands)
    this.#advance()
  }

  onCommit(m: messages.Commit, from: NodeId): void {
    if (this.#follow(m.ballot, from)) this.#heed(m.ballot, m.committed)
  }

  #acceptOf({ slot, commands }: Proposal): messages.Accept {
    return { ballot: this.promised, slot, committed: this.log.executed, commands }
  }

  #proposeWaiting(): void {
    while (this.waiting.size > 0 && this.next - this.log.executed < this.options.pipeline) {
      const requests = this.#takeBatch()
      if (requests.length === 0) return
      this.propose(
        this.next++,
        requests.map((request) => request.command),
        requests,
      )
    }
  }

  /** The next requests whose clients still wait, as many as fit into a slot. */
  #takeBatch(): Request[] {
    const requests: Request[] = []
    let bytes = 0
    while (requests.length < this.options.batch) {
      const request = this.waiting.peek()
      if (!request) break
      bytes += sizeOf(request.command)
      if (requests.length > 0 && bytes > this.options.batch_bytes) break
      this.waiting.shift()
      if (request.take()) requests.push(request)
    }
    return requests
  }

  #forwardWaiting(leader: NodeId): void {
    for (let request = this.waiting.shift(); request; request = this.waiting.shift()) {
      if (request.forwarded) this.node.refuse(request, 'unavailable', 'not the leader any more')
      else this.node.forward(leader, request)
    }
  }

  #vote(slot: number, ballot: number, commands: readonly Command[]): void {
    const before = this.log.get(slot)
    if (before?.ballot === ballot) return
    const entry = this.log.vote(slot, ballot, commands)
    this.node.persist(records.Voted, { slot, ballot: entry.ballot, commands: entry.commands })
  }

  #choose(slot: number, ballot: number, commands: readonly Command[]): void {
    if (slot < this.log.executed) return
    this.#vote(slot, ballot, commands)
    this.log.choose(slot, ballot, commands)
  }

  /** Takes the leader's word on what is chosen. */
  #heed(ballot: number, committed: number): void {
    if (this.role === 'leader') return
    if (ballot > this.mark.ballot || committed > this.mark.committed) this.mark = { ballot, committed }
    this.#advance()
  }

  /** Executes what is chosen, in order. */
  #advance(): void {
    for (;;) {
      const entry = this.log.get(this.log.executed)
      if (!entry || !this.#isChosen(entry)) return
      entry.chosen = true
      this.#execute(entry)
    }
  }

  /** A commit notice names its ballot: a vote of another ballot may be for another value, and is never taken for it. */
  #isChosen(entry: Entry): boolean {
    return entry.chosen || (entry.slot < this.mark.committed && entry.ballot === this.mark.ballot)
  }

  #execute({ slot, ballot, commands }: Entry): void {
    this.log.executed = slot + 1
    const requests = this.proposals.get(slot)?.requests ?? []
    this.proposals.delete(slot)
    for (const [index, command] of commands.entries()) {
      const result = this.node.execute(command)
      const request = requests[index]
      // Urgent: the command was chosen by votes that were on disk when they were sent.
      if (request) this.node.reply(request, result, { slot, ballot }, 'urgent')
    }
  }

  // Heartbeats, and what they repair

  onHeartbeatTimeout(): void {
    this.node.setTimer(this.options.heartbeat_ms, () => this.onHeartbeatTimeout())
    if (this.role === 'leader' && !this.#reachesQuorum()) {
      this.node.log.warn('no quorum answers')
      this.#rest()
    }
    if (this.role === 'leader') {
      this.#beat()
      this.#resend()
    }
    if (this.candidate) this.#urge(this.candidate)
    this.#catchUp()
    while (this.waiting.peek()?.state === 'answered') this.waiting.shift()
    this.log.shrink(this.options.retain)
    this.uploads.expire(this.node.now() - UPLOAD_PATIENCE * this.options.heartbeat_ms)
  }

  onHeartbeat(m: messages.Heartbeat, from: NodeId): void {
    const followed = this.#follow(m.ballot, from)
    if (this.voting) this.node.send(from, messages.Heard, { ballot: this.promised, executed: this.log.executed })
    if (!followed) return
    this.#heed(m.ballot, m.committed)
    this.log.truncate(m.floor)
  }

  onHeard(m: messages.Heard, from: NodeId): void {
    if (this.role !== 'leader' || m.ballot < this.promised || !this.#mayBe(m.ballot)) return
    if (m.ballot > this.promised) this.#defer(m.ballot)
    else this.progress.set(from, { executed: m.executed, heardAt: this.node.now() })
  }

  #beat(): void {
    this.#told = this.log.executed
    const floor = Math.min(this.log.executed, ...[...this.progress.values()].map(({ executed }) => executed))
    this.log.truncate(floor)
    const heartbeat = { ballot: this.promised, committed: this.log.executed, floor }
    // Urgent: true by synced votes, and late heartbeats cause elections.
    this.node.multicast(this.node.peers, messages.Heartbeat, heartbeat, 'urgent')
  }

  /** A leader that cannot reach a phase-2 quorum stands in the way of one that can. */
  #reachesQuorum(): boolean {
    const since = this.node.now() - 2 * this.options.election_ms
    const alive = this.node.peers.filter((peer) => (this.progress.get(peer)?.heardAt ?? 0) >= since)
    return this.quorum.phase2.includes([...alive, this.node.id])
  }

  #resend(): void {
    const now = this.node.now()
    let left = RESEND
    for (const proposal of this.proposals.values()) {
      if (left === 0 || proposal.sentAt > now - this.options.heartbeat_ms) return
      if (proposal.tally.stands) continue
      left -= 1
      proposal.sentAt = now
      const silent = this.node.peers.filter((peer) => !proposal.tally.has(peer))
      this.node.multicast(silent, messages.Accept, this.#acceptOf(proposal), 'urgent')
    }
  }

  #urge(candidate: Candidate): void {
    for (const member of this.node.peers) this.#askOn(candidate, member)
  }

  #askOn(candidate: Candidate, member: NodeId): void {
    const from = candidate.next(member)
    if (from !== null) this.node.send(member, messages.Prepare, { ballot: candidate.ballot, from })
  }

  // Catching up

  /** Asks for what is missing: a mark that execution does not reach by itself shows a gap. */
  #catchUp(): void {
    const stalled = this.log.executed === this.#executedBefore
    this.#executedBefore = this.log.executed
    if (this.incoming?.isIdle()) this.incoming = null
    if (this.incoming) this.#download(this.incoming.source)
    else if (!this.leader || this.role === 'leader') return
    else if (this.log.executed < this.mark.committed) {
      if (stalled) this.node.send(this.leader, messages.Learn, { from: this.log.executed })
    } else if (!this.voting) this.canvass()
  }

  onLearn(m: messages.Learn, from: NodeId): void {
    const votes = m.from < this.log.floor ? [] : this.#votesFrom(m.from).votes.filter((v) => v.slot < this.log.executed)
    this.node.send(from, messages.Learned, { floor: this.log.floor, executed: this.log.executed, votes })
  }

  onLearned(m: messages.Learned, from: NodeId): void {
    if (this.role === 'leader') return
    if (m.floor > this.log.executed) {
      if (!this.incoming) this.#download(from)
      return
    }
    for (const vote of m.votes) {
      if (vote.chosen && vote.slot <= this.log.end) this.#choose(vote.slot, vote.ballot, vote.commands)
    }
    const before = this.log.executed
    this.#advance()
    const more = this.log.executed > before && this.log.executed < m.executed
    if (more) this.node.send(from, messages.Learn, { from: this.log.executed })
  }

  /** The votes from `slot` on, as many as fit into an answer. */
  #votesFrom(slot: number): { votes: messages.Vote[]; end: number; more: boolean } {
    const votes: messages.Vote[] = []
    let bytes = 0
    for (const entry of this.log.from(slot)) {
      if (bytes > this.options.chunk_bytes) return { votes, end: entry.slot, more: true }
      const { ballot, commands } = entry
      votes.push({ slot: entry.slot, ballot, chosen: entry.chosen, commands })
      for (const command of commands) bytes += sizeOf(command)
      bytes += 1
    }
    return { votes, end: Math.max(slot, this.log.end), more: false }
  }

  /** Fetches a snapshot from `source`, or goes on with it. */
  #download(source: NodeId): void {
    if (this.incoming?.source !== source) this.incoming = new Incoming(source)
    const { slot, pieces } = this.incoming
    this.node.send(source, messages.Download, { slot, piece: pieces.length })
  }

  onDownload(m: messages.Download, from: NodeId): void {
    const snapshot = () => this.node.store.snapshot()
    const piece = this.uploads.answer(m, from, this.log.executed, snapshot, this.node.now())
    this.node.send(from, messages.Downloaded, piece)
  }

  onDownloaded(m: messages.Downloaded, from: NodeId): void {
    const { incoming } = this
    if (!incoming?.take(m, from)) return
    if (!incoming.complete) {
      this.#download(from)
      return
    }
    this.incoming = null
    if (incoming.slot > this.log.executed && this.role !== 'leader') this.#install(incoming)
    this.#conclude()
  }

  #install({ slot, pieces }: Incoming): void {
    try {
      this.node.store.restore(pieces)
    } catch (error) {
      this.node.log.warn('snapshot refused', { slot, error: String(error) })
      return
    }
    this.log.reset(slot)
    for (const [piece, data] of pieces.entries()) {
      this.node.persist(records.Piece, { slot, piece, last: piece === pieces.length - 1, data })
    }
    this.node.log.info('snapshot installed', { slot })
    this.#advance()
  }

  // Recovery

  recoverPromised({ ballot }: records.Promised): void {
    this.promised = ballot
  }

  recoverVoted({ slot, ballot, commands }: records.Voted): void {
    if (slot >= this.log.floor) this.log.vote(slot, ballot, commands)
  }

  recoverExecuted({ slot }: records.Executed): void {
    this.mark = { ballot: 0, committed: slot }
    for (const entry of this.log.from(this.log.executed)) if (entry.slot < slot) entry.chosen = true
    this.#advance()
    this.#executedRecorded = slot
  }

  recoverPiece({ slot, piece, last, data }: records.Piece): void {
    if (piece === 0) this.#recovered = []
    this.#recovered.push(data)
    if (!last) return
    this.node.store.restore(this.#recovered)
    this.log.reset(slot)
    this.#recovered = []
  }
}

function sizeOf({ key, value }: Command): number {
  return key.length + value.length
}
