/**
 * The simulated network. Bytes cross it, never objects. Between two nodes it behaves like a TCP connection (in order,
 * or lost with what was under way) until a fault says otherwise; what is under way to a node that restarts is lost,
 * what is under way from one may still arrive.
 */
import type { NodeId } from '../node-id.ts'
import type { World } from './world.ts'

/** How bad the network is; probabilities per write. */
export interface Weather {
  drop: number
  duplicate: number
  /** Probability that a write overtakes others. */
  reorder: number
  /** One way, in milliseconds. */
  leastDelay: number
  mostDelay: number
  /** Probability of a delay twenty times as long. */
  tail: number
}

/** A quiet local network. */
export const CALM: Weather = { drop: 0, duplicate: 0, reorder: 0, leastDelay: 0.1, mostDelay: 0.5, tail: 0 }

/** The receiving side: which life of the node it is now, and what takes the bytes. */
export interface Endpoint {
  readonly id: NodeId
  readonly life: number
  receive(from: NodeId, frame: Uint8Array): void
}

export class Network {
  weather: Weather = { ...CALM }
  /** Writes lost to the weather or a cut, for the totals of a run. */
  lost = 0
  readonly #world: World
  readonly #endpoints = new Map<NodeId, Endpoint>()
  /** Cut links, one direction each. */
  readonly #cut = new Set<string>()
  /** When the last write of a link arrives: the next in order comes later. */
  readonly #lastArrival = new Map<string, number>()

  constructor(world: World) {
    this.#world = world
  }

  attach(endpoint: Endpoint): void {
    this.#endpoints.set(endpoint.id, endpoint)
  }

  /** Cuts the link in one direction. */
  cut(from: NodeId, to: NodeId): void {
    this.#cut.add(`${from.name}>${to.name}`)
  }

  /** Mends all links. */
  heal(): void {
    this.#cut.clear()
  }

  isCut(from: NodeId, to: NodeId): boolean {
    return this.#cut.has(`${from.name}>${to.name}`)
  }

  /** One write: its frames arrive together or not at all. */
  send(from: NodeId, to: NodeId, frames: readonly Uint8Array[]): void {
    const { chooser } = this.#world
    const { drop, duplicate } = this.weather
    if (this.isCut(from, to) || (drop > 0 && chooser.chance(drop))) {
      this.lost += 1
      return
    }
    this.#carry(from, to, frames)
    if (duplicate > 0 && chooser.chance(duplicate)) this.#carry(from, to, frames)
  }

  #carry(from: NodeId, to: NodeId, frames: readonly Uint8Array[]): void {
    const endpoint = this.#endpoints.get(to)!
    const { life } = endpoint
    // A copy, so that no node can change what another has sent.
    const bytes = frames.map((frame) => frame.slice())
    this.#world.at(this.#arrival(from, to), () => {
      if (endpoint.life !== life || this.isCut(from, to)) {
        this.lost += 1
        return
      }
      for (const frame of bytes) {
        this.#world.mix(from.index * 4096 + to.index)
        this.#world.mixBytes(frame)
        endpoint.receive(from, frame)
      }
    })
  }

  #arrival(from: NodeId, to: NodeId): number {
    const { chooser, now } = this.#world
    const { leastDelay, mostDelay, tail, reorder } = this.weather
    let delay = chooser.between(leastDelay, mostDelay)
    if (tail > 0 && chooser.chance(tail)) delay *= 20
    if (reorder > 0 && chooser.chance(reorder)) return now + delay
    const link = `${from.name}>${to.name}`
    const arrival = Math.max(now + delay, this.#lastArrival.get(link) ?? 0)
    this.#lastArrival.set(link, arrival)
    return arrival
  }
}
