/**
 * A node: what a protocol gets from the world, and nothing else. The same class serves in a server, in one process and
 * in the simulator; only its parts (transport, clock, random, storage, state machine) differ.
 *
 * Everything happens in turns. A turn takes up to `TURN_EVENTS` events from the inbox, heartbeats and timers first, and
 * drains the loopback after each handler; then `onTurnEnd`; then the outbox: one write per peer, one sync for all.
 */
import { Ballots } from './ballots.ts'
import { FRAME_HEADER, frameNumber, framePayload, seal } from './codec/frame.ts'
import type { Handlers, MessageClass, Module, RecordClass, Recoverers, ValuesOf } from './codec/schema.ts'
import type { Command } from './command.ts'
import { type RefusalCode, SynodError } from './errors.ts'
import { Forwarding } from './forwarding.ts'
import type { Cluster, NodeId } from './node-id.ts'
import * as nodeMessages from './node-messages.ts'
import { OpenRequests } from './open-requests.ts'
import { Outbox } from './outbox.ts'
import { Fifo } from './parts/fifo.ts'
import { PROTOCOL_NUMBERS, Registry } from './registry.ts'
import type { Memory, Replica } from './replica.ts'
import { type Outcome, type Position, type ReadMode, Request, type Result, type Urgency } from './request.ts'
import { ANNOUNCE_INTERVAL_MS, RollCall } from './roll-call.ts'
import type { Alarm, Clock, Log, Random, Storage, Transport } from './seams.ts'
import type { StateMachine } from './store/state-machine.ts'

/** How many events one turn handles. */
const TURN_EVENTS = 1024

/** What part of the remaining time a forwarded request may wait at its target, so that its refusal is back in time. */
const FORWARD_SHARE = 0.9

const READ_MODES: readonly ReadMode[] = ['', 'leader', 'quorum', 'any']
const REFUSALS: readonly RefusalCode[] = ['unavailable', 'overloaded', 'unknown', 'unsupported', 'internal']
const EMPTY = new Uint8Array(0)

/** What a node is made of. */
export interface Parts {
  readonly transport: Transport
  readonly clock: Clock
  readonly random: Random
  readonly storage: Storage
  readonly stateMachine: StateMachine
  readonly log: Log
  /** Called once when a handler throws or recovery fails: the node has stopped, since its state may be wrong. */
  readonly onFailure: (error: unknown) => void
}

/** The bounds of a node. */
export interface NodeOptions {
  /** How long a request waits for its answer. */
  readonly requestTimeoutMs: number
  /** How many requests may be open at once. */
  readonly maxRequests: number
  /** How many events may wait; messages beyond are dropped, as a network would. */
  readonly maxInbox: number
  /** Start without asking the others whether they are blank: the operator vouches that this is a new cluster. */
  readonly bootstrap: boolean
}

export const NODE_DEFAULTS: NodeOptions = {
  requestTimeoutMs: 2000,
  maxRequests: 8192,
  maxInbox: 65_536,
  bootstrap: false,
}

/** A pending timer, from `setTimer`. */
export interface Timer {
  /** @internal */
  alarm: Alarm | null
}

export class Node {
  readonly id: NodeId
  readonly cluster: Cluster
  /** All members but this one. */
  readonly peers: readonly NodeId[]
  readonly ballots: Ballots
  readonly random: Random
  readonly log: Log
  /** The state machine. Protocols with a log use `execute`; register protocols read and write it directly. */
  readonly store: StateMachine
  /** What this node knew when it started; null until the roll call is over. */
  memory: Memory | null = null
  /** Why the node stopped, or null. */
  failure: unknown = null
  /** Messages dropped because the inbox was full. */
  dropped = 0
  readonly #parts: Parts
  readonly #options: NodeOptions
  readonly #messages = new Registry()
  readonly #records = new Registry()
  readonly #rollCall: RollCall
  readonly #forwarding: Forwarding
  readonly #open: OpenRequests
  readonly #outbox: Outbox
  readonly #firstEvents = new Fifo<() => void>()
  readonly #events = new Fifo<() => void>()
  readonly #loopback = new Fifo<() => void>()
  readonly #early = new Fifo<Request>()
  #replica: Replica | null = null
  #turnDue = false
  #stopped = false
  /** The number of the last record appended, and of the last that is on disk. */
  #persisted = 0
  #synced = 0
  #syncing = false

  constructor(id: NodeId, cluster: Cluster, parts: Parts, options: NodeOptions = NODE_DEFAULTS) {
    this.id = id
    this.cluster = cluster
    this.peers = cluster.members.filter((member) => member !== id)
    this.ballots = new Ballots(cluster)
    this.random = parts.random
    this.log = parts.log
    this.store = parts.stateMachine
    this.#parts = parts
    this.#options = options
    this.#rollCall = new RollCall(id, cluster.size, parts.storage.incarnation)
    this.#forwarding = new Forwarding(1 + parts.random.below(2 ** 32))
    this.#outbox = new Outbox(cluster.size)
    this.#open = new OpenRequests(parts.clock, options.maxRequests, (requests) => this.#expire(requests))
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
    else this.#outbox.addFrame(to, this.#encode(type, values), this.#gate(urgency), this.#synced)
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
      else this.#outbox.addFrame(member, (frame ??= this.#encode(type, values)), gate, this.#synced)
    }
  }

  /**
   * Sends a message to all members, this node included: nobody forgets its own vote, and a cluster of one works.
   *
   * `urgent` outputs leave at the end of the turn, before this node's records of the turn are on disk. That is right
   * only where the message is true without them; each use says why.
   */
  broadcast<C extends MessageClass>(type: C, values: ValuesOf<C>, urgency: Urgency = 'committed'): void {
    this.multicast(this.cluster.members, type, values, urgency)
  }

  /** Sends a request on to the node that can serve it. From then on only that node's refusal is a definite one. */
  forward(to: NodeId, request: Request): void {
    if (!request.take()) return
    const { life } = this.#forwarding
    const timeoutMs = Math.max(1, Math.floor((request.deadline - this.now()) * FORWARD_SHARE))
    const read = READ_MODES.indexOf(request.read)
    const id = this.#forwarding.sent(request, to)
    this.send(to, nodeMessages.Forward, { life, id, command: request.command, read, timeoutMs })
  }

  /** Milliseconds since some moment in the past. */
  now(): number {
    return this.#parts.clock.now()
  }

  /** Calls `ring` once, in a turn of its own right, after `delayMs`. */
  setTimer(delayMs: number, ring: () => void): Timer {
    const timer: Timer = { alarm: null }
    timer.alarm = this.#parts.clock.setAlarm(delayMs, () => {
      this.#enqueue(this.#firstEvents, () => {
        if (timer.alarm === null) return
        timer.alarm = null
        ring()
      })
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
    storage.append({ number, payload: codec.encode(values, 0) })
    this.#persisted += 1
  }

  /**
   * Says that a replica that started with a lost memory has it back: it may vote again, also after the next restart.
   * All that it took over from its peers must be persisted before.
   */
  regain(): void {
    this.memory = 'kept'
    this.persist(nodeMessages.Regained, {})
    this.log.info('memory regained')
  }

  /** Applies a command to the state machine. */
  execute(command: Command): Result {
    return this.store.execute(command)
  }

  /** Answers a request with what its command did, and where it was decided. */
  reply(request: Request, result: Result, position: Position | null, urgency: Urgency = 'committed'): void {
    this.#settle(request, { ok: true, result, position }, urgency)
  }

  /** Answers a request with a refusal. Only `unknown` may be said of a command that was proposed. */
  refuse(request: Request, code: RefusalCode, reason: string): void {
    this.#settle(request, { ok: false, code, reason }, 'urgent')
  }

  /** Recovers what was on disk and starts the replica, at once or when the roll call is over. */
  start(replica: Replica): void {
    this.#replica = replica
    this.#enqueue(this.#firstEvents, () => {
      for (const { number, payload } of this.#parts.storage.recover()) {
        const entry = this.#records.at(number)
        if (!entry) throw new SynodError('malformed', `the log holds a record of unknown number ${number}`)
        entry.handle(entry.codec.decode(payload))
      }
      if (this.memory) this.#started(this.memory)
      else if (this.#options.bootstrap) this.#found()
      else this.#announce()
    })
  }

  /** Stops: no event is handled and nothing is sent any more. */
  stop(): void {
    this.#stopped = true
  }

  /** Takes a client's request; `respond` is called exactly once, unless the node is stopped. */
  submit(command: Command, read: ReadMode, respond: (outcome: Outcome) => void): void {
    if (this.#open.full) {
      respond(this.#overloaded())
      return
    }
    const deadline = this.now() + this.#options.requestTimeoutMs
    const request = new Request(command, read, deadline, false, (outcome, urgency) => {
      this.#open.close()
      this.#outbox.addAction(() => respond(outcome), this.#gate(urgency), this.#synced)
    })
    this.#open.add(request)
    this.#enqueue(this.#events, () => this.#onRequest(request))
  }

  /** Takes a frame from a peer that the transport has authenticated; frames that come before `start` are lost. */
  receive(from: NodeId, frame: Uint8Array): void {
    if (!this.#replica) return
    const entry = this.#messages.at(frameNumber(frame))
    if (!entry) {
      this.#parts.transport.reject(from, `a message of unknown number ${frameNumber(frame)}`)
      return
    }
    if (this.#events.size >= this.#options.maxInbox) {
      this.dropped += 1
      return
    }
    this.#enqueue(entry.first ? this.#firstEvents : this.#events, () => {
      if (!this.memory && entry.number >= PROTOCOL_NUMBERS) return
      let message: unknown
      try {
        message = entry.codec.decode(framePayload(frame))
      } catch (error) {
        this.#parts.transport.reject(from, error instanceof Error ? error.message : String(error))
        return
      }
      entry.handle(message, from)
    })
  }

  /** Equal for nodes that can talk to each other. */
  get fingerprint(): string {
    return this.#messages.fingerprint
  }

  /** The members this node still waits for before it starts. */
  get awaited(): NodeId[] {
    return this.memory ? [] : this.#rollCall.missing.map((index) => this.cluster.at(index))
  }

  #enqueue(queue: Fifo<() => void>, event: () => void): void {
    queue.push(event)
    this.#scheduleTurn()
  }

  #scheduleTurn(): void {
    if (this.#turnDue || this.#stopped) return
    this.#turnDue = true
    this.#parts.clock.soon(() => this.#turn())
  }

  #turn(): void {
    this.#turnDue = false
    if (this.#stopped) return
    try {
      for (let left = TURN_EVENTS; left > 0; left--) {
        const event = this.#firstEvents.shift() ?? this.#events.shift()
        if (!event) break
        event()
        this.#drainLoopback()
      }
      if (this.memory) this.#replica?.onTurnEnd?.()
      this.#drainLoopback()
    } catch (error) {
      this.#fail(error)
      return
    }
    this.#flush()
    if (this.#firstEvents.size + this.#events.size > 0) this.#scheduleTurn()
  }

  #drainLoopback(): void {
    for (let event = this.#loopback.shift(); event; event = this.#loopback.shift()) event()
  }

  #flush(): void {
    this.#outbox.flush((to, frames) => this.#parts.transport.send(to, frames))
    if (this.#syncing || this.#persisted === this.#synced) return
    this.#syncing = true
    const target = this.#persisted
    this.#parts.storage.sync(() => {
      if (this.#stopped) return
      this.#syncing = false
      this.#synced = target
      this.#outbox.release(target)
      this.#scheduleTurn()
    })
  }

  #fail(error: unknown): void {
    this.#stopped = true
    this.failure = error
    this.#parts.onFailure(error)
  }

  #gate(urgency: Urgency): number {
    return urgency === 'urgent' ? 0 : this.#persisted
  }

  #encode(type: MessageClass, values: unknown): Uint8Array {
    const { number, codec } = this.#messages.of(type)
    return seal(codec.encode(values, FRAME_HEADER), number)
  }

  #loop(type: MessageClass, values: unknown, urgency: Urgency): void {
    const { handle } = this.#messages.of(type)
    const deliver = () => handle(values, this.id)
    const gate = this.#gate(urgency)
    if (gate <= this.#synced) this.#loopback.push(deliver)
    else this.#outbox.addAction(() => this.#enqueue(this.#events, deliver), gate, this.#synced)
  }

  #settle(request: Request, outcome: Outcome, urgency: Urgency): void {
    request.answer(outcome, urgency)
    this.#scheduleTurn()
  }

  #overloaded(): Outcome {
    return { ok: false, code: 'overloaded', reason: `more than ${this.#options.maxRequests} requests are open here` }
  }

  #expire(requests: readonly Request[]): void {
    const ms = this.#options.requestTimeoutMs
    for (const request of requests) {
      if (request.state === 'waiting') this.refuse(request, 'unavailable', `no leader or no quorum within ${ms} ms`)
      else this.refuse(request, 'unknown', `no answer within ${ms} ms; the request may have been applied`)
    }
    this.#forwarding.prune()
  }

  #onRequest(request: Request): void {
    if (this.memory) this.#replica!.onRequest(request)
    else this.#early.push(request)
  }

  #started(memory: Memory): void {
    this.memory = memory
    this.log.info('started', { memory })
    this.#replica!.onStart(memory)
    for (let request = this.#early.shift(); request; request = this.#early.shift()) this.#replica!.onRequest(request)
  }

  #found(): void {
    this.#rollCall.found(this.#rollCall.seen)
    this.#begin('blank')
  }

  #begin(memory: Memory): void {
    this.persist(nodeMessages.Founded, { seen: this.#rollCall.seen, lost: memory === 'lost' })
    this.#started(memory)
  }

  #announce(): void {
    if (this.memory) return
    const memory = this.#rollCall.settle()
    if (memory) {
      this.#found()
      return
    }
    const { seen, founded } = this.#rollCall
    this.multicast(this.peers, nodeMessages.Announce, { incarnation: this.#parts.storage.incarnation, seen, founded })
    this.setTimer(ANNOUNCE_INTERVAL_MS, () => this.#announce())
  }

  #ownHandlers(): Handlers<typeof nodeMessages, NodeId> & Recoverers<typeof nodeMessages> {
    return {
      onAnnounce: (m, from) => this.#onAnnounce(m, from),
      onForward: (m, from) => this.#onForward(m, from),
      onAnswer: (m, from) => this.#onAnswer(m, from),
      recoverFounded: ({ seen, lost }) => {
        this.#rollCall.found(seen)
        this.memory = lost ? 'lost' : 'kept'
      },
      recoverRegained: () => {
        this.memory = 'kept'
      },
    }
  }

  #onAnnounce(m: nodeMessages.Announce, from: NodeId): void {
    const { incarnation } = this.#parts.storage
    if (this.#rollCall.founded) {
      if (m.founded) return
      const { seen } = this.#rollCall
      this.send(from, nodeMessages.Announce, { incarnation, seen, founded: true })
      return
    }
    const before = this.#rollCall.seen
    const memory = this.#rollCall.hear(m, from)
    if (memory) this.#begin(memory)
    // News travels at once: the last to arrive starts the cluster.
    const { seen, founded } = this.#rollCall
    if (seen !== before || founded) this.multicast(this.peers, nodeMessages.Announce, { incarnation, seen, founded })
  }

  #onForward(m: nodeMessages.Forward, from: NodeId): void {
    if (!this.#forwarding.admit(m)) return
    const read = READ_MODES[m.read] ?? ''
    const deadline = this.now() + m.timeoutMs
    if (this.#open.full) {
      this.#sendAnswer(from, m, this.#overloaded(), 'urgent')
      return
    }
    const request = new Request(m.command, read, deadline, true, (outcome, urgency) => {
      this.#open.close()
      this.#sendAnswer(from, m, outcome, urgency)
    })
    this.#open.add(request)
    this.#onRequest(request)
  }

  #sendAnswer(to: NodeId, { life, id }: nodeMessages.Forward, outcome: Outcome, urgency: Urgency): void {
    const result = outcome.ok ? outcome.result : null
    const position = outcome.ok ? outcome.position : null
    const answer = {
      life,
      id,
      code: outcome.ok ? 0 : REFUSALS.indexOf(outcome.code) + 1,
      reason: outcome.ok ? '' : outcome.reason,
      absent: !result?.value,
      value: result?.value ?? EMPTY,
      version: result?.version ?? 0,
      slot: position?.slot ?? 0,
      ballot: position?.ballot ?? 0,
    }
    this.send(to, nodeMessages.Answer, answer, urgency)
  }

  #onAnswer(m: nodeMessages.Answer, from: NodeId): void {
    const request = this.#forwarding.answered(m, from)
    if (!request) return
    if (m.code > 0) {
      this.refuse(request, REFUSALS[m.code - 1] ?? 'unknown', m.reason)
      return
    }
    // The value is a view on the received frame, and so lives as long as the answer.
    const result = { value: m.absent ? null : m.value, version: m.version }
    this.reply(request, result, m.ballot === 0 ? null : { slot: m.slot, ballot: m.ballot }, 'urgent')
  }
}
