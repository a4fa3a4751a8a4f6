/** What a replica does about slots that it has missed: it learns them, or fetches a snapshot where they are truncated. */
import type { NodeId } from '#core'
import { Download, Downloaded, Learn, Learned, type Vote } from './messages.ts'
import type { Paxos } from './paxos.ts'
import { sizeOf } from './proposer.ts'
import { Piece } from './records.ts'
import { Repeat } from './repeat.ts'
import { Incoming, Uploads } from './transfer.ts'

/** How many heartbeats an answer may always take, and at most: so long those wait whose line was cut and is whole again. */
const LEAST_PATIENCE = 10
const MOST_PATIENCE = 40

/** More than a vote, or a command, takes in a message besides keys and values: many short ones must fit into a frame, too. */
const FRAMING = 32

export class CatchUp {
  /** The snapshots that others fetch from here. */
  readonly uploads = new Uploads()
  /** The snapshot on its way here. */
  incoming: Incoming | null = null
  /** From which slot on, and whom, this node has asked what was chosen; null when that is answered. */
  #asked: { readonly from: number; readonly source: NodeId } | null = null
  /** For the question under way: for slots, or for a piece. */
  readonly #repeat = new Repeat(LEAST_PATIENCE, MOST_PATIENCE)
  readonly #paxos: Paxos
  /** What `executed` was at the last look: a mark above it that stands still is a gap. */
  executedBefore = 0
  /** What was said to be chosen at the last look. */
  committedBefore = 0

  constructor(paxos: Paxos) {
    this.#paxos = paxos
  }

  /** Once a heartbeat: asks for what is missing, or again for what did not come. */
  look(): void {
    const { log, leader, role, mark, voting, election, options } = this.#paxos
    this.uploads.expire()
    const stalled = log.executed === this.executedBefore
    this.executedBefore = log.executed
    const known = this.committedBefore
    this.committedBefore = mark.committed
    if (this.incoming && this.#repeat.isDue()) this.#askAgain(this.incoming)
    if (this.incoming) return
    // While nobody was heard, the question or its answer may have been lost.
    if (!leader) this.#asked = null
    if (!leader || role === 'leader') return
    // What stands still is missing, and with `thrifty` also what this node was never sent; else that may be on its way.
    const missing = stalled || (options.thrifty === 1 && log.end < mark.committed)
    if (log.executed < mark.committed && missing) this.#miss(leader)
    // All that is chosen is here, or was a heartbeat ago, for under load there is always more; now for a fence behind
    // which this node may vote again.
    const caughtUp = log.executed >= mark.committed || (known > 0 && log.executed >= known)
    if (!voting && caughtUp) election.rejoin()
  }

  /**
   * How many bytes of executed slots are kept. Above a snapshot on its way more, so that its reader finds the slots that
   * follow it, however long it takes: the longer it has taken, the more has been sent.
   */
  get retained(): number {
    return this.#paxos.options.retain_bytes + this.uploads.bytes
  }

  /** Slots from the first that is not executed are missing: asks for them, or again when that is due. */
  #miss(leader: NodeId): void {
    const { node, log } = this.#paxos
    const isAsked = this.#asked?.from === log.executed && this.#asked.source === leader
    if (isAsked && !this.#repeat.isDue()) return
    if (!isAsked) this.#begin(leader)
    // Urgent: while what was installed goes to disk, the source learns that its reader is there.
    node.send(leader, Learn, { from: log.executed }, 'urgent')
  }

  /** A question for what is not executed is put. */
  #begin(source: NodeId): void {
    this.#asked = { from: this.#paxos.log.executed, source }
    this.#repeat.ask()
  }

  onLearn(m: Learn, from: NodeId): void {
    const { node, log } = this.#paxos
    this.uploads.touch(from)
    const votes = m.from < log.floor ? [] : this.votesFrom(m.from).votes.filter(({ slot }) => slot < log.executed)
    // Urgent: executed slots are chosen, by votes that were on disk when they were sent.
    node.send(from, Learned, { floor: log.floor, executed: log.executed, votes }, 'urgent')
  }

  onLearned(m: Learned, from: NodeId): void {
    const { node, log, role } = this.#paxos
    if (role === 'leader') return
    // An answer to an earlier question tells nothing of how long this one takes.
    if (this.#asked && (m.votes[0]?.slot ?? this.#asked.from) === this.#asked.from) {
      this.#asked = null
      this.#repeat.answered()
    }
    if (m.floor > log.executed) {
      if (!this.incoming) this.download(from)
      return
    }
    for (const vote of m.votes) {
      if (vote.chosen && vote.slot <= log.end) this.#paxos.choose(vote.slot, vote.ballot, vote.commands)
    }
    const before = log.executed
    this.#paxos.advance()
    if (log.executed === before || log.executed >= m.executed) return
    this.#begin(from)
    node.send(from, Learn, { from: log.executed })
  }

  /** The votes from `slot` on, as many as fit into an answer. */
  votesFrom(slot: number): { votes: Vote[]; end: number; more: boolean } {
    const { log, options } = this.#paxos
    const votes: Vote[] = []
    let bytes = 0
    for (const entry of log.from(slot)) {
      if (bytes > options.chunk_bytes) return { votes, end: entry.slot, more: true }
      const { ballot, chosen, commands } = entry
      votes.push({ slot: entry.slot, ballot, chosen, commands })
      bytes += FRAMING
      // A character of a key takes up to three bytes.
      for (const command of commands) bytes += FRAMING + 2 * command.key.length + sizeOf(command)
    }
    return { votes, end: Math.max(slot, log.end), more: false }
  }

  /** Whether what is executed here, and not by one who has executed so far, is more than fits into an answer. */
  outruns(executed: number): boolean {
    const { log } = this.#paxos
    return executed < log.floor || this.votesFrom(executed).end < log.executed
  }

  /** Fetches a snapshot from `source`, unless it is on its way from there. */
  download(source: NodeId): void {
    if (this.incoming?.source === source) return
    this.incoming = new Incoming(source, this.#paxos.node.random.below(2 ** 32))
    this.#repeat.ask()
    this.#fetch(this.incoming)
  }

  #askAgain(incoming: Incoming): void {
    if (incoming.repeat(this.#paxos.leader)) this.#fetch(incoming)
    else this.incoming = null
  }

  #fetch({ source, id, pieces }: Incoming): void {
    // Urgent: a question says nothing of this node. Under load each piece would wait for a sync at both ends.
    this.#paxos.node.send(source, Download, { id, piece: pieces.length }, 'urgent')
  }

  onDownload(m: Download, from: NodeId): void {
    const { node, log } = this.#paxos
    const piece = this.uploads.answer(m, from, log.executed, () => node.store.snapshot())
    // Urgent: it, too, tells of executed slots only.
    node.send(from, Downloaded, piece, 'urgent')
  }

  onDownloaded(m: Downloaded, from: NodeId): void {
    const { incoming } = this
    if (!incoming?.take(m, from)) return
    this.#repeat.answered()
    if (!incoming.complete) {
      this.#fetch(incoming)
      return
    }
    this.incoming = null
    if (incoming.slot > this.#paxos.log.executed && this.#paxos.role !== 'leader') this.#install(incoming)
    this.#paxos.election.conclude()
  }

  #install({ slot, pieces }: Incoming): void {
    const { node, log } = this.#paxos
    try {
      node.store.restore(pieces)
    } catch (error) {
      node.log.warn('snapshot refused', { slot, error: String(error) })
      return
    }
    log.reset(slot)
    for (const [piece, data] of pieces.entries()) {
      node.persist(Piece, { slot, piece, last: piece === pieces.length - 1, data })
    }
    node.log.info('snapshot installed', { slot })
    this.#paxos.advance()
  }
}
