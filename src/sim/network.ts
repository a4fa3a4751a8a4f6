/**
 * The simulated network. Bytes cross it, never objects. Between two nodes it behaves like a TCP connection (in order,
 * or lost with what was under way) until a fault says otherwise; what is under way to a node that restarts is lost,
 * what is under way from one may still arrive.
 */
import { frameNumber } from '../codec/frame.ts'
import type { NodeId } from '../node-id.ts'
import type { Chooser } from './chooser.ts'
import { type Connection, Connections } from './connections.ts'
import { Links, linkOf } from './links.ts'
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
  /** Probability that a write is followed by an old one. */
  replay: number
}

/** A quiet local network. */
export const CALM: Weather = { drop: 0, duplicate: 0, reorder: 0, leastDelay: 0.1, mostDelay: 0.5, tail: 0, replay: 0 }

/** The receiving side: which life of the node it is now, and what takes the bytes. */
export interface Endpoint {
  readonly id: NodeId
  readonly life: number
  readonly alive: boolean
  receive(from: NodeId, frame: Uint8Array): void
  /** A connection by which `peer` has sent is gone. */
  lost(peer: NodeId): void
}

/** Why a write was lost. */
export type Loss = 'dropped' | 'cut' | 'restarted' | 'reset'

/** Sees what becomes of each write. */
export interface NetworkEye {
  delivered(from: NodeId, to: NodeId, frame: Uint8Array): void
  lost(from: NodeId, to: NodeId, frames: readonly Uint8Array[], why: Loss): void
}

/** Hears what nodes say. */
export type Ear = (from: NodeId, to: NodeId, frame: Uint8Array) => void

/** How many writes are kept for replay. */
const OLD = 200

interface Write {
  readonly from: NodeId
  readonly to: NodeId
  readonly frames: readonly Uint8Array[]
  /** The life of the receiver that it is for. */
  readonly life: number
  readonly connection: Connection
}

export class Network {
  weather: Weather = { ...CALM }
  /** The weather where there is no storm. */
  readonly #climate: Weather = { ...CALM }
  /** Writes lost to the weather or a cut, for the totals of a run. */
  lost = 0
  eye: NetworkEye | null = null
  /** Whether it is like UDP: single frames are lost, repeated and overtake each other. */
  datagrams = false
  readonly #ears = new Map<number, readonly Ear[]>()
  readonly #world: World
  readonly #endpoints: Endpoint[] = []
  readonly #connections = new Connections()
  readonly #cuts = new Links()
  /** Probabilities of loss, delays in milliseconds, and milliseconds a byte of single links. */
  readonly #losses = new Links()
  readonly #delays = new Links()
  readonly #thin = new Links()
  /** What makes the weather worse now. */
  #storms: Partial<Weather>[] = []
  /** What was carried lately, while old writes are replayed. */
  readonly #old: Write[] = []
  /** When the last write of a link arrives, and which life wrote it: the next one of that life comes later. */
  readonly #lastArrival = new Map<number, { readonly life: number; readonly moment: number }>()
  /** Each link chooses for itself, so that a script can leave out a message and the others' fates stay. */
  readonly #choosers: Chooser[][] = []

  constructor(world: World) {
    this.#world = world
  }

  /** Puts all nodes so many milliseconds apart, for good. */
  spread(ms: number): void {
    this.#climate.leastDelay += ms
    this.#climate.mostDelay += ms * 1.2
    this.#forecast()
  }

  /** Whether its nodes are far apart. */
  get isWide(): boolean {
    return this.#climate.leastDelay > CALM.leastDelay
  }

  attach(endpoint: Endpoint): void {
    this.#endpoints[endpoint.id.index] = endpoint
  }

  /** Cuts the link in one direction; gives the way to mend just this cut. */
  cut(from: NodeId, to: NodeId): () => void {
    return this.#cuts.lay(from, to, 1)
  }

  isCut(from: NodeId, to: NodeId): boolean {
    return this.#cuts.get(from, to) > 0
  }

  /** Mends all cuts, whoever made them. */
  heal(): void {
    this.#cuts.clear()
  }

  /** Ends the connection from one node to another: what is under way there is lost, and the other learns it. */
  reset(from: NodeId, to: NodeId): void {
    const ended = this.#connections.current(from, to, this.#lifeOf(from))
    this.#connections.reset(from, to)
    this.#lastArrival.delete(linkOf(from, to))
    this.#end(from, to, ended)
  }

  /** Ends the connections of a process that dies in this life: the others learn it behind all that it has sent. */
  hangUp(from: NodeId, life: number): void {
    const ended = (id: NodeId) => this.#connections.current(from, id, life)
    // Where only a part of the nodes is played there are gaps.
    for (const other of this.#endpoints) if (other && other.id !== from) this.#end(from, other.id, ended(other.id))
  }

  /** Gives a link in one direction a probability of loss of its own; gives the way back. */
  lose(from: NodeId, to: NodeId, drop: number): () => void {
    return this.#losses.lay(from, to, drop)
  }

  /** Delays a link in one direction; gives the way back, and what is still under way then is overtaken. */
  slow(from: NodeId, to: NodeId, delayMs: number): () => void {
    const lift = this.#delays.lay(from, to, delayMs)
    return () => {
      lift()
      this.#lastArrival.delete(linkOf(from, to))
    }
  }

  /** Lets a link in one direction carry so many bytes a second, one after the other; gives the way back. */
  narrow(from: NodeId, to: NodeId, bytesPerSecond: number): () => void {
    return this.#thin.lay(from, to, 1000 / bytesPerSecond)
  }

  /** Makes the weather as bad as this where it is better; gives the way back. */
  worsen(storm: Partial<Weather>): () => void {
    this.#storms.push(storm)
    this.#forecast()
    return () => {
      this.#storms = this.#storms.filter((other) => other !== storm)
      this.#forecast()
    }
  }

  /** Lets `ear` hear each message of this number as it leaves its sender, whatever becomes of it. */
  listen(number: number, ear: Ear): void {
    this.#ears.set(number, [...(this.#ears.get(number) ?? []), ear])
  }

  /**
   * One write: its frames arrive together or not at all; over datagrams each has its own fate. False when nobody is
   * there who could listen; what the network loses it does not tell.
   */
  send(from: NodeId, to: NodeId, frames: readonly Uint8Array[]): boolean {
    if (this.#ears.size > 0)
      for (const frame of frames) for (const ear of this.#ears.get(frameNumber(frame)) ?? []) ear(from, to, frame)
    if (!this.datagrams) this.#send(from, to, frames)
    else for (const frame of frames) this.#send(from, to, [frame])
    return this.#endpoints[to.index]!.alive
  }

  #send(from: NodeId, to: NodeId, frames: readonly Uint8Array[]): void {
    const chooser = this.#chooser(from, to)
    const { duplicate, replay } = this.weather
    const drop = Math.max(this.weather.drop, this.#losses.get(from, to))
    if (this.isCut(from, to)) {
      this.#abandon(from, to, frames, 'cut')
      return
    }
    if (drop > 0 && chooser.chance(drop)) {
      this.#abandon(from, to, frames, 'dropped')
      return
    }
    // A copy, so that no node can change what another has sent.
    const copies = frames.map((frame) => frame.slice())
    const connection = this.#connections.current(from, to, this.#lifeOf(from))
    const write = { from, to, frames: copies, life: this.#lifeOf(to), connection }
    this.#carry(write, chooser)
    if (duplicate > 0 && chooser.chance(duplicate)) this.#carry(write, chooser)
    if (replay > 0) this.#replay(write, replay, chooser)
  }

  #carry(write: Write, chooser: Chooser): void {
    this.#world.at(this.#arrival(write, chooser), () => this.#deliver(write))
  }

  #deliver({ from, to, frames, life, connection }: Write): void {
    const endpoint = this.#endpoints[to.index]!
    const reset = this.#connections.isReset(from, to, connection)
    if (endpoint.life !== life || reset || this.isCut(from, to)) {
      this.#abandon(from, to, frames, endpoint.life !== life ? 'restarted' : reset ? 'reset' : 'cut')
      return
    }
    if (this.#connections.heard(from, to, life, connection)) endpoint.lost(from)
    for (const frame of frames) {
      this.#world.mix(linkOf(from, to))
      this.#world.mixBytes(frame)
      this.eye?.delivered(from, to, frame)
      endpoint.receive(from, frame)
    }
  }

  /** Lets `to` learn, behind all that is under way, that a connection has ended; a cut keeps it from that. */
  #end(from: NodeId, to: NodeId, connection: Connection): void {
    const endpoint = this.#endpoints[to.index]!
    const { life } = endpoint
    const soonest = this.#world.now + this.weather.leastDelay + this.#delays.get(from, to)
    const moment = Math.max(soonest, this.#lastArrival.get(linkOf(from, to))?.moment ?? 0)
    this.#world.at(moment, () => {
      if (endpoint.life !== life || this.isCut(from, to)) return
      if (this.#connections.ended(from, to, life, connection)) endpoint.lost(from)
    })
  }

  #lifeOf({ index }: NodeId): number {
    return this.#endpoints[index]?.life ?? 0
  }

  #abandon(from: NodeId, to: NodeId, frames: readonly Uint8Array[], why: Loss): void {
    this.lost += 1
    this.eye?.lost(from, to, frames, why)
  }

  #chooser(from: NodeId, to: NodeId): Chooser {
    const row = (this.#choosers[from.index] ??= [])
    return (row[to.index] ??= this.#world.chooser.of(`link ${from.name}>${to.name}`))
  }

  /** Keeps a write, and now and then delivers an old one again, as long as its receiver lives on. */
  #replay(write: Write, probability: number, chooser: Chooser): void {
    if (this.#old.length < OLD) this.#old.push(write)
    else this.#old[chooser.below(OLD)] = write
    if (!chooser.chance(probability)) return
    const old = chooser.pick(this.#old)
    this.#world.after(chooser.between(0, 500), () => this.#deliver(old))
  }

  #arrival({ from, to, frames }: Write, chooser: Chooser): number {
    const { now } = this.#world
    const { leastDelay, mostDelay, tail, reorder } = this.weather
    let delay = chooser.between(leastDelay, mostDelay)
    if (tail > 0 && chooser.chance(tail)) delay *= 20
    if (reorder > 0 && chooser.chance(reorder)) return now + delay
    if (this.datagrams) return now + delay + this.#delays.get(from, to)
    const link = linkOf(from, to)
    delay += this.#delays.get(from, to)
    const life = this.#lifeOf(from)
    const last = this.#lastArrival.get(link)
    // A restarted node has a connection of its own, which may be faster than what is left in the old one.
    let moment = last?.life === life ? Math.max(now + delay, last.moment) : now + delay
    const perByte = this.#thin.get(from, to)
    if (perByte > 0) for (const { length } of frames) moment += length * perByte
    this.#lastArrival.set(link, { life, moment })
    return moment
  }

  #forecast(): void {
    const names = Object.keys(CALM) as (keyof Weather)[]
    for (const name of names) {
      this.weather[name] = Math.max(this.#climate[name], ...this.#storms.map((storm) => storm[name] ?? 0))
    }
  }
}
