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

/** How many writes are kept for replay. */
const OLD = 200

export class Network {
  weather: Weather = { ...CALM }
  /** Writes lost to the weather or a cut, for the totals of a run. */
  lost = 0
  readonly #world: World
  readonly #endpoints = new Map<NodeId, Endpoint>()
  /** Cut links, one direction each. */
  readonly #cut = new Set<string>()
  /** Links with a delay of their own, in milliseconds. */
  readonly #lossy = new Map<string, number>()
  readonly #slow = new Map<string, number>()
  /** Probability that a delivery comes with an old one, and what was delivered lately. */
  replayed = 0
  readonly #old: { from: NodeId; to: NodeId; frames: readonly Uint8Array[]; life: number }[] = []
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

  /** Gives a link in one direction a delay of its own. */
  slow(from: NodeId, to: NodeId, delayMs: number): void {
    this.#slow.set(`${from.name}>${to.name}`, delayMs)
  }

  /** Ends all such delays; what is still under way is overtaken. */
  /** Gives a link in one direction a probability of loss of its own. */
  lose(from: NodeId, to: NodeId, drop: number): void {
    this.#lossy.set(`${from.name}>${to.name}`, drop)
  }

  /** Ends all such losses. */
  loseNone(): void {
    this.#lossy.clear()
  }

  hurry(): void {
    for (const link of this.#slow.keys()) this.#lastArrival.delete(link)
    this.#slow.clear()
  }

  isCut(from: NodeId, to: NodeId): boolean {
    return this.#cut.has(`${from.name}>${to.name}`)
  }

  /** One write: its frames arrive together or not at all. */
  send(from: NodeId, to: NodeId, frames: readonly Uint8Array[]): void {
    const { chooser } = this.#world
    const { duplicate } = this.weather
    const drop = Math.max(this.weather.drop, this.#lossy.get(`${from.name}>${to.name}`) ?? 0)
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
    if (this.replayed > 0) this.#remember(from, to, frames, life)
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

  /** Keeps a write, and now and then delivers an old one again, as long as its receiver lives on. */
  #remember(from: NodeId, to: NodeId, frames: readonly Uint8Array[], life: number): void {
    const { chooser } = this.#world
    const write = { from, to, frames: frames.map((frame) => frame.slice()), life }
    if (this.#old.length < OLD) this.#old.push(write)
    else this.#old[chooser.below(OLD)] = write
    if (!chooser.chance(this.replayed)) return
    const old = chooser.pick(this.#old)
    const endpoint = this.#endpoints.get(old.to)!
    this.#world.after(chooser.between(0, 500), () => {
      if (endpoint.life !== old.life || this.isCut(old.from, old.to)) return
      for (const frame of old.frames) {
        this.#world.mix(old.from.index * 4096 + old.to.index)
        this.#world.mixBytes(frame)
        endpoint.receive(old.from, frame)
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
    delay += this.#slow.get(link) ?? 0
    const arrival = Math.max(now + delay, this.#lastArrival.get(link) ?? 0)
    this.#lastArrival.set(link, arrival)
    return arrival
  }
}
