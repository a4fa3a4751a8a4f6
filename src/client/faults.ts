/** Fault injection by REST: what is done to one node, and to a cluster. Needs `fault_injection` in the nodes' config. */
import { SynodError } from '../errors.ts'
import type { Reply } from './exchange.ts'

/** The names of the faults, for healing one kind of them. */
export const FAULT_NAMES = ['crash', 'drop', 'slow', 'flaky', 'partition'] as const

/** One of `FAULT_NAMES`. */
export type FaultName = (typeof FAULT_NAMES)[number]

/** Asks one node; rejects unless it answers 200. */
export type Ask = (node: string, method: 'GET' | 'POST', path: string) => Promise<Reply>

/**
 * See the file's head. Faults last for whole `seconds`, for ever if that is 0 or less. They are independent: each ends by
 * itself; one that is asked for again on the same target begins anew.
 * Every method: @throws SynodError `config` for an unknown node, `malformed` for a bad number, `unsupported` where faults
 * may not be injected, and as `Client.get`
 */
export class ClusterFaults {
  readonly #nodes: readonly string[]
  readonly #ask: Ask

  constructor(nodes: readonly string[], ask: Ask) {
    this.#nodes = nodes
    this.#ask = ask
  }

  /** The node neither sends nor receives; its memory and its HTTP stay. */
  async crash(id: string, seconds: number): Promise<void> {
    await this.#ask(this.#known(id), 'GET', `/crash?t=${whole(seconds)}`)
  }

  /** What the node `from` sends to the node `to` is lost. */
  async drop(from: string, to: string, seconds: number): Promise<void> {
    await this.#ask(this.#known(from), 'GET', `/drop?id=${this.#known(to)}&t=${whole(seconds)}`)
  }

  /** What the node `from` sends to the node `to` leaves `delayMs` later, in order. */
  async slow(from: string, to: string, delayMs: number, seconds: number): Promise<void> {
    const query = `id=${this.#known(to)}&ms=${whole(delayMs)}&t=${whole(seconds)}`
    await this.#ask(this.#known(from), 'POST', `/slow?${query}`)
  }

  /** Each message that the node `from` sends to the node `to` is lost by this chance, 0 to 1. */
  async flaky(from: string, to: string, chance: number, seconds: number): Promise<void> {
    if (!(chance >= 0 && chance <= 1)) throw new SynodError('malformed', `${chance} is no chance from 0 to 1`)
    // Ten digits are plenty, and keep small numbers out of the form 1e-7.
    const query = `id=${this.#known(to)}&p=${chance.toFixed(10)}&t=${whole(seconds)}`
    await this.#ask(this.#known(from), 'POST', `/flaky?${query}`)
  }

  /**
   * Cuts the nodes `ids` off from all others, both ways. When it fails some links may be cut and others not: `cut` tells
   * which.
   */
  async partition(seconds: number, ids: readonly string[]): Promise<void> {
    await Promise.all(this.#nodes.map((node) => this.cut(node, seconds, ids)))
  }

  /** The part of a partition that is one node's: between it and the other side nothing passes. */
  async cut(node: string, seconds: number, ids: readonly string[]): Promise<void> {
    const side = new Set(ids.map((id) => this.#known(id)))
    try {
      await this.#ask(this.#known(node), 'POST', `/partition?t=${whole(seconds)}&ids=${[...side].join(',')}`)
    } catch (error) {
      if (!(error instanceof SynodError) || error.code !== 'malformed') throw error
      // Paxi's servers have no such route: there each node drops what it sends across.
      const others = this.#nodes.filter((other) => side.has(other) !== side.has(node))
      if (others.length === 0) throw error
      await Promise.all(others.map((other) => this.drop(node, other, seconds)))
    }
  }

  /** Ends the faults of one node, all or those of one kind; gives a line for each that has ended. */
  async heal(id: string, fault?: FaultName): Promise<string[]> {
    const query = fault === undefined ? '' : `?fault=${fault}`
    const { body } = await this.#ask(this.#known(id), 'POST', `/heal${query}`)
    return body.toString().split('\n').slice(0, -1)
  }

  #known(id: string): string {
    if (!this.#nodes.includes(id)) {
      throw new SynodError('config', `no node ${id}; known are ${this.#nodes.join(', ')}`)
    }
    return id
  }
}

function whole(value: number): number {
  if (!Number.isSafeInteger(value)) throw new SynodError('malformed', `${value} is not a whole number`)
  return value
}
