/** Requests between nodes: sends them on to the node that can serve them, and takes those that others send here. */

import { frameNumber, framePayload } from './codec/frame.ts'
import { type RefusalCode, SynodError } from './errors.ts'
import { Forwarding } from './forwarding.ts'
import type { Node } from './node.ts'
import type { NodeId } from './node-id.ts'
import { Answer, Forward, type Property } from './node-messages.ts'
import {
  type Asked,
  type Effect,
  NO_PROPERTIES,
  type Outcome,
  type Properties,
  READ_MODES,
  type Request,
  type Respond,
  type Urgency,
} from './request.ts'
import type { Timer } from './seams.ts'

/** What part of the remaining time a forwarded request may wait at its target, so that its refusal is back in time. */
const SHARE = 0.9

/** How long a request waits whose target could not be reached: a protocol may know another by then. */
const PAUSE_MS = 50

const REFUSALS: readonly RefusalCode[] = [
  'unavailable',
  'overloaded',
  'unknown',
  'unsupported',
  'internal',
  'expired',
  'conflict',
]
/** What else than `done` an executed command may have come to; their codes begin here. */
const EFFECTS: readonly Effect[] = ['absent', 'mismatch']
const FIRST_EFFECT = 100
const EMPTY = new Uint8Array(0)

/** Takes a request from another node into this one; `respond` gets its one answer. */
export type Admit = (asked: Asked, timeoutMs: number, respond: Respond) => void

export class Relay {
  readonly #node: Node
  readonly #forwarding: Forwarding
  readonly #admit: Admit
  readonly #offer: (request: Request) => void
  /** Those that did not leave, until they are offered again. */
  #unsent: Request[] = []
  #pause: Timer | null = null

  /** @param offer shows a request to the replica once more */
  constructor(node: Node, admit: Admit, offer: (request: Request) => void) {
    this.#node = node
    this.#forwarding = new Forwarding(1 + node.random.below(2 ** 32))
    this.#admit = admit
    this.#offer = offer
  }

  /** How many requests that were sent on have no answer yet. */
  get size(): number {
    return this.#forwarding.size
  }

  /** Sends a request on. Once it has left, only the target's refusal is a definite one. */
  forward(to: NodeId, request: Request): void {
    if (request.forwarded) throw new SynodError('internal', 'a forwarded request is not sent on')
    if (!request.take()) return
    const { life } = this.#forwarding
    const timeoutMs = Math.max(1, Math.floor((request.deadline - this.#node.now()) * SHARE))
    const read = READ_MODES.indexOf(request.read)
    const id = this.#forwarding.sent(request, to)
    const properties = listOf(request.properties)
    // Urgent, for it says only what a client asks, nothing that this node remembers. Nor may it wait for this disk while
    // the leader changes: a write of the same client behind it would reach the next one first.
    this.#node.send(to, Forward, { life, id, command: request.command, read, timeoutMs, properties }, 'urgent')
  }

  /**
   * Takes back the requests among frames that certainly did not leave. They wait as those do for which there is no
   * leader: soon the replica is asked again, and at their deadline they are refused for certain.
   */
  unsent(frames: readonly Uint8Array[]): void {
    const { number, codec } = this.#node.messages.of(Forward)
    for (const frame of frames) {
      if (frameNumber(frame) !== number) continue
      const { id } = codec.decode(framePayload(frame)) as Forward
      const request = this.#forwarding.unsent(id)
      if (!request) continue
      request.release()
      this.#unsent.push(request)
    }
    if (this.#unsent.length > 0) this.#pause ??= this.#node.setTimer(PAUSE_MS, () => this.#retry())
  }

  /** Forgets requests that were answered at their deadline. */
  prune(): void {
    this.#forwarding.prune()
  }

  /**
   * Answers the requests that are at a node which is not heard any more, instead of letting their clients wait for the
   * deadline. Whether it got and proposed them nobody here knows.
   */
  lost(target: NodeId): void {
    const reason = `the connection to ${target.name} is lost; the request may have been applied`
    for (const request of this.#forwarding.abandoned(target)) this.#node.refuse(request, 'unknown', reason)
  }

  onForward(m: Forward, from: NodeId): void {
    if (!this.#forwarding.admit(m, from)) return
    const respond: Respond = (outcome, urgency) => this.#answer(from, m, outcome, urgency)
    const { command, properties } = m
    this.#admit({ command, read: READ_MODES[m.read] ?? '', properties: propertiesOf(properties) }, m.timeoutMs, respond)
  }

  onAnswer(m: Answer, from: NodeId): void {
    const request = this.#forwarding.answered(m, from)
    if (!request) return
    const effect = m.code === 0 ? 'done' : EFFECTS[m.code - FIRST_EFFECT]
    if (effect === undefined) {
      this.#node.refuse(request, REFUSALS[m.code - 1] ?? 'unknown', m.reason)
      return
    }
    // The value is a view on the received frame, and so lives as long as the answer.
    const result = { value: m.absent ? null : m.value, version: m.version, effect }
    // Urgent: it rests on the other node's records, and left when these were on disk.
    this.#node.reply(request, result, m.ballot === 0 ? null : { slot: m.slot, ballot: m.ballot }, 'urgent')
  }

  /**
   * Has a client's request wait behind those that did not leave: what a client has pipelined keeps its order. Reads beside the
   * log have no order, and may ask nobody.
   */
  queues(request: Request): boolean {
    if (this.#unsent.length === 0 || request.forwarded || request.read !== '') return false
    this.#unsent.push(request)
    return true
  }

  #retry(): void {
    this.#pause = null
    const requests = this.#unsent
    this.#unsent = []
    for (const request of requests) if (request.state === 'waiting') this.#offer(request)
  }

  #answer(to: NodeId, { life, id }: Forward, outcome: Outcome, urgency: Urgency): void {
    const result = outcome.ok ? outcome.result : null
    const position = outcome.ok ? outcome.position : null
    const answer = {
      life,
      id,
      code: codeOf(outcome),
      reason: outcome.ok ? '' : outcome.reason,
      absent: !result?.value,
      value: result?.value ?? EMPTY,
      version: result?.version ?? 0,
      slot: position?.slot ?? 0,
      ballot: position?.ballot ?? 0,
    }
    this.#node.send(to, Answer, answer, urgency)
  }
}

const NOTHING: readonly Property[] = []

function listOf(properties: Properties): readonly Property[] {
  return properties.size === 0 ? NOTHING : Array.from(properties, ([name, value]) => ({ name, value }))
}

function propertiesOf(list: readonly Property[]): Properties {
  return list.length === 0 ? NO_PROPERTIES : new Map(list.map(({ name, value }) => [name, value]))
}

/** An outcome in one number: 0 for `done`, see `REFUSALS` and `EFFECTS`. */
function codeOf(outcome: Outcome): number {
  if (!outcome.ok) return REFUSALS.indexOf(outcome.code) + 1
  return outcome.result.effect === 'done' ? 0 : FIRST_EFFECT + EFFECTS.indexOf(outcome.result.effect)
}
