/**
 * Who leads. A node that hears no leader polls the others (Canvass); when a quorum hears none either, it campaigns
 * (Prepare) and leads once a phase-1 quorum has promised and told its votes.
 */
import type { NodeId, Tally, Timer } from '#core'
import { Candidate } from './candidate.ts'
import { LEAP } from './log.ts'
import { Canvass, type Canvassed, Prepare, type Prepared } from './messages.ts'
import type { Paxos } from './paxos.ts'

/**
 * How far above all that the others have promised a node opens its fence that rejoins without its memory. It may have
 * promised more to a candidate of whom they have not heard, and that promise may still count there: so many rounds nobody
 * campaigns in vain. And up to as many again, by chance: it may have opened a fence before, and must not open it twice.
 */
const REJOIN_ROUNDS = 65_536

export class Election {
  /** A poll of this node, open until a quorum says that it hears no leader. */
  poll: { readonly round: number; highest: number; readonly tally: Tally } | null = null
  candidate: Candidate | null = null
  /** Whether what this node undertook last, a poll or a campaign, got nowhere until its timeout. */
  inVain = false
  readonly #paxos: Paxos
  round = 0
  /** For so long after the last defeat nobody is deposed for a request: who has won shall get something done. */
  quiet = { since: 0, ms: 0 }
  timer: Timer | null = null
  /** When it was set. */
  #awaitedFrom = 0
  /** From which slot on the last candidate has asked. */
  #asked = { ballot: 0, from: 0 }
  /** When a part of a long answer has last gone from here to a candidate, or come. */
  #toldAt = { ballot: -1, ms: 0 }

  constructor(paxos: Paxos) {
    this.#paxos = paxos
  }

  /** The first election need not wait for the silence of a leader that never was. */
  start(): void {
    const { node, options } = this.#paxos
    this.#await(node.cluster.size === 1 ? 0 : node.random.below(options.election_ms))
  }

  /** Gives others time to win: nothing happens here before the next timeout. */
  postpone(): void {
    this.#await(this.#delay())
  }

  /** Ends a poll or a campaign; sees to it that there will be another one. */
  rest(): void {
    this.poll = null
    this.candidate = null
    const { node, options } = this.#paxos
    if (options.ephemeral_leader === 1) {
      this.quiet = { since: node.now(), ms: options.heartbeat_ms + node.random.below(options.election_ms) }
      // Brings about the turn in which requests that wait here may claim the lead.
      node.setTimer(this.quiet.ms, () => {})
    }
    if (this.timer?.alarm == null) this.postpone()
  }

  onTimeout(): void {
    const { role, leader, node, options } = this.#paxos
    if (role === 'leader') return
    // Who has much to tell takes longer, and to begin anew would take as long again.
    if (this.candidate && this.#toldSince(this.#awaitedFrom)) {
      this.postpone()
      return
    }
    const silence = node.now() - this.#paxos.leaderHeardAt
    if (leader && silence < options.election_ms) {
      this.#await(this.#delay() - silence)
      return
    }
    if (leader) node.log.info('leader silent', { leader: leader.name })
    this.inVain = this.poll !== null || this.candidate !== null
    this.postpone()
    this.#paxos.rest()
    this.canvass()
  }

  /** Asks whether the others, too, hear no leader. */
  canvass(): void {
    const { promised, quorum } = this.#paxos
    this.poll = { round: ++this.round, highest: promised, tally: quorum.phase1.tally() }
    this.#inquire(this.poll.round)
  }

  /**
   * Whether this node grants a poll: it hears no leader, nor does it tell votes to a candidate, for whom it is not over when
   * one with nothing to tell hears no more of it. One that lags far behind would have to be told for long before it led, so
   * whoever is ahead of it tries first; yet if that is in vain, the other may be the only one that reaches a quorum.
   */
  grants({ executed }: Canvass, from: NodeId): boolean {
    if (this.#hearsLeader || this.goesOn) return false
    const { node, handover, catchUp } = this.#paxos
    if (this.inVain || handover.retiring || from === node.id || !catchUp.outruns(executed)) return true
    if (!this.poll && !this.candidate) {
      this.postpone()
      this.canvass()
    }
    return false
  }

  /** There is a leader: a poll against it is over. */
  settle(): void {
    this.poll = null
    this.inVain = false
  }

  /**
   * Asks for a fence behind which this node may vote again. A poll that is open goes on: answers may take longer than until
   * the next heartbeat, and a new poll each time would throw them all away.
   */
  rejoin(): void {
    if (this.poll) this.#inquire(this.poll.round)
    else this.canvass()
  }

  onCanvassed(m: Canvassed, from: NodeId): void {
    const { poll } = this
    if (m.round !== poll?.round) return
    poll.highest = Math.max(poll.highest, m.promised)
    // A node that rejoins opens a fresh ballot even while there is a leader: it needs a fence, not the lead.
    if ((m.granted || !this.#paxos.voting) && poll.tally.ack(from)) this.campaign(poll.highest)
  }

  /** For requests that wait here: campaigns, whoever leads. */
  claim(): void {
    const { role, voting, promised, node } = this.#paxos
    const quietMs = node.now() - this.quiet.since
    // A clock that was put back says nothing.
    if (role !== 'follower' || !voting || (quietMs >= 0 && quietMs < this.quiet.ms)) return
    this.campaign(promised)
  }

  /** Opens phase 1 at a ballot of this node above `highest`. */
  campaign(highest: number): void {
    const { node, log, quorum, voting, promised, handover, options } = this.#paxos
    if (handover.retiring) return
    const step = voting ? 1 : REJOIN_ROUNDS + node.random.below(REJOIN_ROUNDS)
    const ballot = node.ballots.next(Math.max(highest, promised), node.id, step)
    this.#paxos.rest()
    this.#paxos.role = 'candidate'
    // Recorded first: a ballot that only this node may issue is on disk before a message names it.
    this.#paxos.promise(ballot)
    const patience = Math.floor(options.election_ms / options.heartbeat_ms)
    this.candidate = new Candidate(ballot, log.executed, quorum.phase1.tally(), patience)
    node.log.info('campaign', { ballot: node.ballots.format(ballot), from: log.executed })
    node.broadcast(Prepare, { ballot, from: log.executed })
  }

  /** Takes a promise at the candidate's ballot. */
  onPrepared(m: Prepared, from: NodeId): void {
    const { candidate } = this
    if (m.ballot !== candidate?.ballot) return
    // A candidate that lags is told of far more, part after part.
    const known = Math.max(this.#paxos.log.end, candidate.end, m.floor)
    if (m.votes.some((vote) => vote.slot > known + LEAP)) return
    // A repeated part is not answered, or answers would multiply.
    if (!candidate.take(m, from)) return
    if (m.more) this.#toldAt = { ballot: m.ballot, ms: this.#paxos.node.now() }
    if (candidate.elected) this.conclude()
    else this.#ask(candidate, from)
  }

  /** When phase 1 is complete: leads, once nothing below the highest floor is missing here. */
  conclude(): void {
    const { candidate } = this
    if (!candidate?.elected) return
    if (candidate.floor > this.#paxos.log.executed && candidate.floorHolder) {
      this.#paxos.catchUp.download(candidate.floorHolder)
    } else {
      this.candidate = null
      this.#paxos.lead(candidate)
    }
  }

  /** A candidate that has heard some of this node's votes, and asks for more, gets the time to hear all. */
  heed(ballot: number, from: number): void {
    const goesOn = ballot === this.#asked.ballot && from > this.#asked.from
    if (goesOn || ballot !== this.#asked.ballot) this.#asked = { ballot, from }
    if (!goesOn) return
    this.#toldAt = { ballot, ms: this.#paxos.node.now() }
    if (this.#paxos.role === 'follower' && !this.#paxos.leader) this.postpone()
  }

  /** Whether this node is telling votes, or being told them, for the ballot that it has promised. */
  get goesOn(): boolean {
    const { node, options } = this.#paxos
    const now = node.now()
    // A clock that was put back says nothing.
    return this.#toldAt.ms <= now && this.#toldSince(now - options.election_ms + 1)
  }

  /** Asks again those who have not told everything. */
  urge(): void {
    if (!this.candidate) return
    for (const member of this.#paxos.node.peers) {
      if (this.candidate.isDue(member)) this.#ask(this.candidate, member)
    }
  }

  get #hearsLeader(): boolean {
    const { role, leader, leaderHeardAt, node, options } = this.#paxos
    if (role === 'leader') return true
    return leader !== null && node.now() - leaderHeardAt < options.election_ms
  }

  #inquire(round: number): void {
    const { node, log } = this.#paxos
    node.broadcast(Canvass, { round, executed: log.executed })
  }

  #toldSince(ms: number): boolean {
    return this.#toldAt.ballot === this.#paxos.promised && this.#toldAt.ms >= ms
  }

  #ask(candidate: Candidate, member: NodeId): void {
    const from = candidate.next(member)
    if (from !== null) this.#paxos.node.send(member, Prepare, { ballot: candidate.ballot, from })
  }

  #delay(): number {
    const { node, options } = this.#paxos
    return options.election_ms + node.random.below(options.election_ms)
  }

  #await(delayMs: number): void {
    const { node } = this.#paxos
    node.clearTimer(this.timer)
    this.#awaitedFrom = node.now()
    this.timer = node.setTimer(delayMs, () => this.onTimeout())
  }
}
