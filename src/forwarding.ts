/**
 * Requests sent on to the node that can serve them, and those that others sent here.
 *
 * A frame may arrive twice, but a request without a session must not be proposed twice: the target keeps a window of
 * the ids it has seen from each life of each origin, and takes nothing that the window has left behind.
 */
import type { NodeId } from './node-id.ts'
import type { Answer, Forward } from './node-messages.ts'
import type { Request } from './request.ts'

/** How many ids of one origin are told apart: far more than an origin may have open. */
const WINDOW = 65_536

/** How many lives of one origin are remembered: what a dead one sent arrives soon or never. */
const LIVES = 8

class Window {
  readonly #seen = new Set<number>()
  #floor = 0
  #highest = 0

  /** True when `id` is new. */
  admit(id: number): boolean {
    if (id < this.#floor || this.#seen.has(id)) return false
    this.#seen.add(id)
    this.#highest = Math.max(this.#highest, id)
    if (this.#seen.size > WINDOW) this.#slide()
    return true
  }

  #slide(): void {
    this.#floor = Math.max(this.#floor, this.#highest - WINDOW / 2)
    for (const id of this.#seen) if (id < this.#floor) this.#seen.delete(id)
  }
}

export class Forwarding {
  /** Names this life of the node: drawn at its start, for its ids start anew. */
  readonly life: number
  readonly #sent = new Map<number, { readonly request: Request; readonly target: NodeId }>()
  /** By origin, its last lives, the latest last. */
  readonly #received = new Map<NodeId, Map<number, Window>>()
  #lastId = 0

  constructor(life: number) {
    this.life = life
  }

  /** How many requests wait for the answer of their target. */
  get size(): number {
    return this.#sent.size
  }

  /** Notes a request that leaves for `target`; gives its id. */
  sent(request: Request, target: NodeId): number {
    this.#lastId += 1
    this.#sent.set(this.#lastId, { request, target })
    return this.#lastId
  }

  /** The request that an answer is for, once; undefined for a repeated, late or stray answer. */
  answered(m: Answer, from: NodeId): Request | undefined {
    const entry = this.#sent.get(m.id)
    if (m.life !== this.life || entry?.target !== from) return undefined
    this.#sent.delete(m.id)
    return entry.request
  }

  /** The request of this id, which has not left after all; undefined when it is not waited for any more. */
  unsent(id: number): Request | undefined {
    const request = this.#sent.get(id)?.request
    this.#sent.delete(id)
    return request
  }

  /** Whether a forwarded request is here for the first time. */
  admit(m: Forward, from: NodeId): boolean {
    let lives = this.#received.get(from)
    if (!lives) this.#received.set(from, (lives = new Map()))
    let window = lives.get(m.life)
    if (!window) {
      lives.set(m.life, (window = new Window()))
      const [oldest] = lives.keys()
      if (lives.size > LIVES && oldest !== undefined) lives.delete(oldest)
    }
    return window.admit(m.id)
  }

  /** The requests whose target is not heard any more; their answers are not waited for. */
  abandoned(target: NodeId): Request[] {
    const entries = [...this.#sent].filter(([, entry]) => entry.target === target)
    for (const [id] of entries) this.#sent.delete(id)
    return entries.map(([, { request }]) => request)
  }

  /** Drops the entries of requests that were answered at their deadline. */
  prune(): void {
    for (const [id, { request }] of this.#sent) if (request.state === 'answered') this.#sent.delete(id)
  }
}
