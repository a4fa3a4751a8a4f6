/**
 * A node: what a protocol gets from the world, and nothing else. The same class serves in a server, in one process and
 * in the simulator; only its parts (transport, clock, random, storage, state machine) differ.
 *
 * Everything happens in turns. A turn takes up to `TURN_EVENTS` events from the inbox, heartbeats first, then timers, and
 * drains the loopback after each handler; then `onTurnEnd`; then the outbox: one write per peer, one sync for all. While its
 * disk is too far behind (`durability.ts`) it takes no events, and only lets out what need not wait.
 */
import { Admission, type Admitting } from './admission.ts'
import { Ballots } from './ballots.ts'
import { FRAME_HEADER, frameNumber, framePayload, seal } from './codec/frame.ts'
import type { Handlers, MessageClass, Module, RecordClass, Recoverers, ValuesOf } from './codec/schema.ts'
import type { Command } from './command.ts'
import { Durability } from './durability.ts'
import type { RefusalCode } from './errors.ts'
import { Founding } from './founding.ts'
import type { Freshness } from './freshness.ts'
import { Inbox, TURN_EVENTS } from './inbox.ts'
import { checkpoint, recoverAll } from './journal.ts'
import { type Load, NodeLoad } from './load.ts'
import type { Cluster, NodeId } from './node-id.ts'
import * as nodeMessages from './node-messages.ts'
import { NODE_DEFAULTS, type NodeOptions, type Parts } from './node-parts.ts'
import { Outbox } from './outbox.ts'
import { Fifo } from './parts/fifo.ts'
import { PROTOCOL_NUMBERS, Registry } from './registry.ts'
import { type Admit, Relay } from './relay.ts'
import type { Memory, Replica } from './replica.ts'
import type { Outcome, Position, ReadMode, Result, Urgency } from './request.ts'
import { NO_PROPERTIES, outcomeOf, type Request } from './request.ts'
import type { Log, Random, Timer } from './seams.ts'
import { ExactlyOnce } from './store/exactly-once.ts'

/** About how many bytes of frames one turn may send: what is more would lie in memory, beside what peers have not taken. */
const TURN_BYTES = 16 * 1024 * 1024

/** See the file's head. */
export class Node {
  readonly id: NodeId
  readonly cluster: Cluster
  /** All members but this one. */
  readonly peers: readonly NodeId[]
  readonly ballots: Ballots
  readonly random: Random
  readonly log: Log
  /** The state machine. Protocols with a log use `execute`; register protocols read and write it directly. */
  readonly store: ExactlyOnce
  /** Its way into the cluster: whom it waits for, and what tells that from another of the same name. */
  readonly founding: Founding
  /** How much waits here, and what was too much. */
  readonly load: Load
  /** Why the node stopped, or null. */
  failure: unknown = null
  readonly #parts: Parts
  readonly #messages = new Registry()
  readonly #records = new Registry()
  readonly #relay: Relay
  readonly #admission: Admission
  readonly #outbox: Outbox
  readonly #inbox: Inbox
  readonly #loopback = new Fifo<() => void>()
  #replica: Replica | null = null
  #turnDue = false
  /** What comes up meanwhile is dealt with at the turn's end. */
  #inTurn = false
  #stopped = false
  readonly #durability: Durability

  constructor(id: NodeId, cluster: Cluster, parts: Parts, options: NodeOptions = NODE_DEFAULTS) {
    this.id = id
    this.cluster = cluster
    this.peers = cluster.members.filter((member) => member !== id)
    this.ballots = new Ballots(cluster)
    this.random = parts.random
    this.log = parts.log
    this.store = new ExactlyOnce(parts.stateMachine, options.maxSessions)
    this.#parts = parts
    this.founding = new Founding(this, parts.storage, options, (memory) => this.#started(memory))
    const admit: Admit = (asked, timeoutMs, respond) => this.#admission.admit(asked, timeoutMs, respond, true)
    this.#relay = new Relay(this, admit, (request) => this.#replica!.onRequest(request))
    // Behind the answers that have come by that connection.
    parts.transport.watch?.((peer) => this.#enqueue(() => this.#relay.lost(peer), false))
    this.#inbox = new Inbox(options.maxInbox, options.maxInboxBytes)
    this.#outbox = new Outbox(cluster.size)
    this.#durability = new Durability(options.maxUnsyncedBytes, this.#outbox)
    this.#admission = new Admission(this.#admitting(), parts.clock, options, this.peers.length)
    this.load = new NodeLoad(
      this.#inbox,
      this.#admission.open,
      this.#relay,
      this.#outbox,
      this.#durability,
      parts.clock,
    )
    this.#messages.add(nodeMessages, 'message', 'on', this.#ownHandlers(), 0)
    this.#records.add(nodeMessages, 'record', 'recover', this.#ownHandlers(), 0)
  }

  /**
   * Registers a protocol's messages, and its records where it has any, with the object that handles them. A missing
   * or mistyped handler does not compile.
   */
  register<M extends Module, R extends Module = Record<never, never>>(
    messages: M,
    handlers: Handlers<M, NodeId> & Recoverers<R>,
    records?: R,
  ): void {
    this.#messages.add(messages, 'message', 'on', handlers, PROTOCOL_NUMBERS)
    if (records) this.#records.add(records, 'record', 'recover', handlers, PROTOCOL_NUMBERS)
  }

  /** Sends a message to one member; to this node itself through the loopback. */
  send<C extends MessageClass>(to: NodeId, type: C, values: ValuesOf<C>, urgency: Urgency = 'committed'): void {
    if (to === this.id) this.#loop(type, values, urgency)
    else this.#outbox.addFrame(to, this.#encode(type, values), this.#gate(urgency), this.#durability.synced)
  }

  /** Sends a message to some members; it is encoded once. */
  multicast<C extends MessageClass>(
    to: Iterable<NodeId>,
    type: C,
    values: ValuesOf<C>,
    urgency: Urgency = 'committed',
  ): void {
    const gate = this.#gate(urgency)
    let frame: Uint8Array | null = null
    for (const member of to) {
      if (member === this.id) this.#loop(type, values, urgency)
      else this.#outbox.addFrame(member, (frame ??= this.#encode(type, values)), gate, this.#durability.synced)
    }
  }

  /**
   * Sends a message to all members, this node included: nobody forgets its own vote, and a cluster of one works.
   * `urgent` outputs leave at the end of the turn, before this node's records of the turn are on disk. That is right
   * only where the message is true without them; each use says why.
   */
  broadcast<C extends MessageClass>(type: C, values: ValuesOf<C>, urgency: Urgency = 'committed'): void {
    this.multicast(this.cluster.members, type, values, urgency)
  }

  /** Sends a request on to the node that can serve it. Once it has left, only that node's refusal is a definite one. */
  forward(to: NodeId, request: Request): void {
    this.#relay.forward(to, request)
  }

  /** Milliseconds since some moment in the past. */
  now(): number {
    return this.#parts.clock.now()
  }

  /** Calls `ring` once, in a turn of its own right, after `delayMs`. */
  setTimer(delayMs: number, ring: () => void): Timer {
    const timer: Timer = { alarm: null }
    timer.alarm = this.#parts.clock.setAlarm(delayMs, () => {
      this.#enqueue(() => {
        if (timer.alarm === null) return
        timer.alarm = null
        ring()
      }, true)
    })
    return timer
  }

  /** Cancels a timer; null and timers that have rung are fine. */
  clearTimer(timer: Timer | null): void {
    if (!timer || timer.alarm === null) return
    this.#parts.clock.clearAlarm(timer.alarm)
    timer.alarm = null
  }

  /** Appends a record. Outputs emitted from now on wait until it is on disk. */
  persist<C extends RecordClass>(type: C, values: ValuesOf<C>): void {
    const { storage } = this.#parts
    if (!storage.durable) return
    const { number, codec } = this.#records.of(type)
    const record = { number, payload: codec.encode(values, 0) }
    storage.append(record)
    this.#durability.add(record)
    this.freshness.note(type)
  }

  /**
   * Says that a replica that started with a lost memory has it back: it may vote again, also after the next restart.
   * All that it took over from its peers must be persisted before.
   */
  regain(): void {
    this.founding.regain()
  }

  /** Applies a command to the state machine; one of a session that was executed before gives its first result again. */
  execute(command: Command): Result {
    return this.store.execute(command)
  }

  /** Answers a request with what its command did, and where it was decided. */
  reply(request: Request, result: Result, position: Position | null, urgency: Urgency = 'committed'): void {
    this.#settle(request, outcomeOf(result, position), urgency)
  }

  /** Answers a request with a refusal, urgent since it rests on no record. Only `unknown` may be said of what was proposed. */
  refuse(request: Request, code: RefusalCode, reason: string): void {
    this.#settle(request, { ok: false, code, reason }, 'urgent')
  }

  /** Recovers what was on disk and starts the replica, at once or when the roll call is over. */
  start(replica: Replica): void {
    this.#replica = replica
    this.#enqueue(() => {
      recoverAll(this.#parts.storage, this.#records)
      this.founding.begin()
    }, true)
  }

  /** Stops for this reason, once all that was persisted so far is on disk. */
  giveUp(reason: unknown): void {
    this.#outbox.addAction(() => this.#fail(reason), this.#gate('committed'), this.#durability.synced)
  }

  /** Answers all open requests as at their deadline: when the node stops they would get no answer at all. */
  expire(): void {
    this.#admission.expire()
  }

  /** Stops: no event is handled and nothing is sent any more. */
  stop(): void {
    this.#stopped = true
  }

  /** Takes a client's request; `respond` is called exactly once, unless the node is stopped. */
  submit(command: Command, read: ReadMode, respond: (outcome: Outcome) => void, properties = NO_PROPERTIES): void {
    this.#admission.submit({ command, read, properties }, respond)
  }

  /** Takes a frame from a peer that the transport has authenticated; frames that come before `start` are lost. */
  receive(from: NodeId, frame: Uint8Array): void {
    if (!this.#replica) return
    const entry = this.#messages.at(frameNumber(frame))
    if (!entry) {
      this.#parts.transport.reject(from, `a message of unknown number ${frameNumber(frame)}`)
      return
    }
    // It is a view on all that was read with it, which nothing short may keep while the disk is behind.
    const kept = this.#durability.isBehind ? frame.slice() : frame
    const handle = () => {
      if (!entry.first) this.#inbox.free(kept.length)
      let message: unknown
      try {
        message = entry.codec.decode(framePayload(kept))
      } catch (error) {
        this.#parts.transport.reject(from, error instanceof Error ? error.message : String(error))
        return
      }
      if (this.founding.hears(entry, kept)) entry.handle(message, from)
    }
    if (this.#inbox.offer(handle, entry.first, frame.length)) this.#scheduleTurn()
  }

  /** The messages it speaks; their fingerprint is equal for nodes that can talk to each other. */
  get messages(): Pick<Registry, 'fingerprint' | 'kinds' | 'of'> {
    return this.#messages
  }

  /** What this node knew when it started, or has regained since; null until the roll call is over. */
  get memory(): Memory | null {
    return this.founding.memory
  }

  /** How far its disk has come, and how much of that the others know. */
  get freshness(): Freshness {
    return this.founding.freshness
  }

  #enqueue(event: () => void, timer: boolean): void {
    this.#inbox.push(event, timer)
    this.#scheduleTurn()
  }

  #scheduleTurn(): void {
    if (this.#turnDue || this.#inTurn || this.#stopped) return
    this.#turnDue = true
    this.#parts.clock.soon(() => this.#turn())
  }

  #turn(): void {
    this.#turnDue = false
    if (this.#stopped) return
    this.#inTurn = true
    try {
      if (!this.#durability.isBehind) this.#handle()
      if (this.#stopped) return
      this.#inTurn = false
      this.#flush()
    } catch (error) {
      this.#fail(error)
      return
    }
    if (this.#inbox.size > 0 && !this.#durability.waits) this.#scheduleTurn()
  }

  #handle(): void {
    for (let left = TURN_EVENTS; left > 0 && !this.#durability.isBehind; left--) {
      if (this.#outbox.readyBytes > TURN_BYTES) break
      const event = this.#inbox.shift()
      if (!event) break
      event()
      this.#drainLoopback()
      if (this.#stopped) return
    }
    if (this.memory) this.#replica?.onTurnEnd?.()
    this.#drainLoopback()
  }

  #drainLoopback(): void {
    for (let event = this.#loopback.shift(); event; event = this.#loopback.shift()) event()
  }

  #flush(): void {
    this.#outbox.flush((to, frames) => this.#parts.transport.send(to, frames) || this.#relay.unsent(frames))
    const records = this.memory && this.#parts.storage.checkpointDue && this.#replica?.dump?.()
    if (records) checkpoint(this.#parts, this.#records, [this.founding.dump(), records], (error) => this.#fail(error))
    const ended = this.#durability.begin(this.now())
    if (!ended) return
    const done = () => {
      if (this.#stopped) return
      ended()
      this.#outbox.release(this.#durability.synced)
      this.#scheduleTurn()
    }
    this.#parts.storage.sync(done, (error) => this.#fail(error))
  }

  #fail(error: unknown): void {
    if (this.#stopped) return
    this.#stopped = true
    this.failure = error
    this.#parts.onFailure(error)
  }

  #gate(urgency: Urgency): number {
    return urgency === 'urgent' ? 0 : this.#durability.persisted
  }

  #encode(type: MessageClass, values: unknown): Uint8Array {
    const { number, codec } = this.#messages.of(type)
    return seal(codec.encode(values, FRAME_HEADER), number, this.founding.name)
  }

  #loop(type: MessageClass, values: unknown, urgency: Urgency): void {
    const { handle } = this.#messages.of(type)
    const deliver = () => handle(values, this.id)
    const gate = this.#gate(urgency)
    if (gate <= this.#durability.synced) this.#loopback.push(deliver)
    else this.#outbox.addAction(() => this.#enqueue(deliver, false), gate, this.#durability.synced)
  }

  #settle(request: Request, outcome: Outcome, urgency: Urgency): void {
    if (request.state === 'answered') return
    request.answer(outcome, urgency)
    this.#scheduleTurn()
  }

  #admitting(): Admitting {
    const node = this
    return {
      log: this.log,
      get isStarted() {
        return node.memory !== null
      },
      show: (request) => {
        if (!this.#relay.queues(request)) this.#replica!.onRequest(request)
      },
      enqueue: (event) => this.#enqueue(event, false),
      wake: () => this.#scheduleTurn(),
      waits: (urgency) => this.#gate(urgency) > this.#durability.synced,
      output: (action, urgency, bytes) =>
        this.#outbox.addAction(action, this.#gate(urgency), this.#durability.synced, bytes),
      onExpired: () => this.#relay.prune(),
    }
  }

  #started(memory: Memory): void {
    this.log.info('started', { memory })
    this.#replica!.onStart(memory)
    this.#admission.onStart()
  }

  #ownHandlers(): Handlers<typeof nodeMessages, NodeId> & Recoverers<typeof nodeMessages> {
    return {
      onAnnounce: (m, from) => this.founding.onAnnounce(m, from),
      onEpoch: (m, from) => this.founding.onEpoch(m, from),
      onForward: (m, from) => this.#relay.onForward(m, from),
      onAnswer: (m, from) => this.#relay.onAnswer(m, from),
      recoverFounded: (record) => this.founding.recoverFounded(record),
      recoverRegained: () => this.founding.recoverRegained(),
      recoverEpochs: (record) => this.freshness.recoverEpochs(record),
    }
  }
}
