/**
 * ABD: Attiya, Bar-Noy & Dolev, "Sharing Memory Robustly in Message-Passing Systems" (JACM 1995), with many writers as
 * in Lynch & Shvartsman, "Robust Emulation of Shared Memory Using Dynamic Quorum-Acknowledged Broadcasts" (FTCS 1997).
 * A linearizable register per key, without log and leader: the node that a client asks coordinates. The messages are
 * charted in `messages.ts`.
 *
 * A tag is a number and the id of the node that issued it, in one integer like a ballot, and orders the writes of a key.
 * The store keeps it as the key's version.
 *
 * The one hard idea: a read must write. A value that is on one node, for its writer died half way, may be in one read's
 * quorum and not in the next one's. So a read answers only when a phase-2 quorum holds what it found.
 */
import { type Memory, majority, type Node, type NodeId, Op, type QuorumSystem, type Replica, type Request } from '#core'
import * as messages from './messages.ts'
import { NO_TAG, Operation } from './operation.ts'
import type { Options } from './options.ts'
import * as records from './records.ts'

/** Why a node that lost its memory serves nobody. */
const FORGOT = 'forgot what it held'

/**
 * A tag so many rounds above what a node holds of the key is nobody's: an honest one is as far ahead as the node missed
 * writes of that key, and so many take months. It leaves room for most of the rounds that there are.
 */
const LEAP_ROUNDS = 2 ** 36

const NOTHING = new Uint8Array(0)

/** What registers can do: a compare-and-set would take consensus, and a retry under a new tag brings old values back. */
const OFFERED: ReadonlySet<number> = new Set([Op.get, Op.put, Op.delete])

/** One node's replica: it holds registers, and coordinates the operations of its clients. */
export class Abd implements Replica {
  readonly node: Node
  readonly quorum: QuorumSystem
  readonly options: Options
  /** Whether this node has what it once held; one that has not answers nobody, for ever. */
  remembers = true
  /** Counts the starts of this node. */
  life = 0
  /** What is under way here. Requests that were answered at their deadline go at the next retry. */
  readonly operations = new Map<number, Operation>()
  /** Counts the operations of this life. */
  lastId = 0
  /** The pieces of a snapshot being recovered. */
  recovered: Uint8Array[] = []

  constructor(node: Node, options: Options, quorum: QuorumSystem = majority(node.cluster)) {
    this.node = node
    this.options = options
    this.quorum = quorum
    node.register(messages, this, records)
  }

  onStart(memory: Memory): void {
    this.remembers = memory !== 'lost'
    if (!this.remembers) return
    this.life += 1
    // Before any message of this life: none leaves before this is on disk.
    this.node.persist(records.Began, { life: this.life })
    this.node.setTimer(this.options.retry_ms, () => this.onRetryTimeout())
  }

  onRequest(request: Request): void {
    if (!this.remembers) {
      this.node.refuse(request, 'unavailable', FORGOT)
      return
    }
    if (!OFFERED.has(request.command.op)) {
      this.node.refuse(request, 'unsupported', 'registers have neither sessions nor compare-and-set')
      return
    }
    const operation = new Operation(++this.lastId, request, this.quorum.phase1, this.node.now())
    this.operations.set(operation.id, operation)
    this.#query(operation, this.node.cluster.members)
  }

  /** What this node holds is one snapshot of the store. Frozen at once, given piece by piece. */
  dump(): Iterable<object> {
    return dumpOf(this.life, this.node.store.snapshot())
  }

  status() {
    const { remembers, life, operations } = this
    const reason = remembers ? 'serves' : FORGOT
    return { ready: remembers, reason, leader: null, ballot: 0, executed: null, life, operations: operations.size }
  }

  // The side that holds

  onQuery(m: messages.Query, from: NodeId): void {
    if (!this.remembers) return
    const { life, id } = m
    const { version: tag, value } = this.node.store.get(m.key)
    const shown = m.full && value ? value : NOTHING
    this.node.send(from, messages.Queried, { life, id, tag, absent: value === null, value: shown })
  }

  onStore(m: messages.Store, from: NodeId): void {
    if (!this.remembers || !this.#possible(m.key, m.tag)) return
    this.#hold(m.key, m.tag, m.absent ? null : m.value)
    // As all outputs, this waits until what is held is on disk, whichever message brought it.
    this.node.send(from, messages.Stored, { life: m.life, id: m.id })
  }

  /**
   * Whether some node could have issued this tag. One message with an absurd tag would else use up the tags of a key. It is
   * ignored, as if lost, which harms no register. A member that lies leap by leap still gets there: that is outside the
   * model.
   */
  #possible(key: string, tag: number): boolean {
    const { ballots, store } = this.node
    return ballots.valid(tag) && ballots.round(tag) - ballots.round(store.get(key).version) <= LEAP_ROUNDS
  }

  /** Takes over what is newer than what this node holds. */
  #hold(key: string, tag: number, value: Uint8Array | null): void {
    if (tag <= this.node.store.get(key).version) return
    this.node.persist(records.Held, { key, tag, absent: value === null, value: value ?? NOTHING })
    this.node.store.set(key, value, tag)
  }

  // The side that coordinates

  onQueried(m: messages.Queried, from: NodeId): void {
    const operation = this.#find(m, 'query')
    if (!operation || (m.tag !== NO_TAG && !this.#possible(operation.request.command.key, m.tag))) return
    if (!operation.hear(m, from)) return
    if (operation.isRead) this.#read(operation)
    else this.#write(operation)
  }

  onStored(m: messages.Stored, from: NodeId): void {
    const operation = this.#find(m, 'store')
    if (operation?.tally.ack(from)) this.#finish(operation)
  }

  /** The second half of a read: sees to it that a quorum holds what was found. Nothing of a client's is shown by it. */
  #read(operation: Operation): void {
    const { tag, value, request } = operation
    // Never written, says a quorum; all hold that. What was deleted has a tag, and is written back as values are.
    if (tag === NO_TAG) {
      this.#finish(operation)
      return
    }
    this.#hold(request.command.key, tag, value)
    if (operation.store(this.quorum.phase2, this.node.now())) this.#finish(operation)
    else this.#store(operation, this.node.cluster.members)
  }

  /** The second half of a write: issues a tag above all that a quorum knows, and above all that were issued here. */
  #write(operation: Operation): void {
    const { node } = this
    const { op, key } = operation.request.command
    const value = op === Op.delete ? null : operation.request.command.value
    const tag = node.ballots.next(Math.max(operation.tag, node.store.get(key).version), node.id)
    if (!node.ballots.valid(tag)) {
      this.operations.delete(operation.id)
      node.refuse(operation.request, 'unavailable', 'this key has had all writes that its tags can count')
      return
    }
    // From here on the value may be read, whatever becomes of this node.
    if (!operation.request.take()) {
      this.operations.delete(operation.id)
      return
    }
    // Held at once, so that the tag is issued only once: the next write here finds it, and no message names it before
    // it is on disk. This node's own vote is a message to itself, and waits for the disk, too.
    this.#hold(key, tag, value)
    operation.tag = tag
    operation.value = value
    operation.holders = []
    operation.store(this.quorum.phase2, node.now())
    this.#store(operation, node.cluster.members)
  }

  /** The operation that an answer is for, if it is still in that phase. */
  #find({ life, id }: { life: number; id: number }, phase: Operation['phase']): Operation | null {
    const operation = life === this.life ? this.operations.get(id) : undefined
    return operation?.phase === phase ? operation : null
  }

  #finish({ id, request, isRead, tag, value }: Operation): void {
    this.operations.delete(id)
    // There is no order of all writes, so there is no previous value.
    this.node.reply(request, { value: isRead ? value : null, version: tag, effect: 'done' }, null)
  }

  #query({ id, request, isRead }: Operation, to: readonly NodeId[]): void {
    this.node.multicast(to, messages.Query, { life: this.life, id, key: request.command.key, full: isRead })
  }

  /** Sends what is to be stored to those members that are not known to hold it. */
  #store({ id, request, tag, value, tally }: Operation, to: readonly NodeId[]): void {
    const missing = to.filter((member) => !tally.has(member))
    const { key } = request.command
    const store = { life: this.life, id, key, tag, absent: value === null, value: value ?? NOTHING }
    this.node.multicast(missing, messages.Store, store)
  }

  /** Forgets what was answered at its deadline, and sends again what was perhaps lost. */
  onRetryTimeout(): void {
    this.node.setTimer(this.options.retry_ms, () => this.onRetryTimeout())
    const now = this.node.now()
    let left = this.options.retries
    for (const operation of [...this.operations.values()]) {
      const { id, phase, request, sentAt, tally } = operation
      if (request.state === 'answered') this.operations.delete(id)
      else if (left > 0 && sentAt <= now - this.options.retry_ms) {
        left -= 1
        operation.sentAt = now
        // To the end of the queue, so that all have their turn.
        this.operations.delete(id)
        this.operations.set(id, operation)
        const silent = this.node.peers.filter((peer) => !tally.has(peer))
        if (phase === 'query') this.#query(operation, silent)
        else this.#store(operation, silent)
      }
    }
  }

  // Recovery

  recoverBegan({ life }: records.Began): void {
    this.life = life
  }

  recoverPiece({ last, data }: records.Piece): void {
    this.recovered.push(data)
    if (!last) return
    this.node.store.restore(this.recovered)
    this.recovered = []
  }

  recoverHeld({ key, tag, absent, value }: records.Held): void {
    this.node.store.set(key, absent ? null : value, tag)
  }
}

function* dumpOf(life: number, pieces: Iterable<Uint8Array>): Generator<object> {
  yield new records.Began({ life })
  let held: Uint8Array | null = null
  for (const data of pieces) {
    if (held) yield new records.Piece({ last: false, data: held })
    held = data
  }
  if (held) yield new records.Piece({ last: true, data: held })
}
