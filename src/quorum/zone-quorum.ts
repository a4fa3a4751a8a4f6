/** Quorums by zone: enough members in each of enough zones. Grids and flexible grids are all of this kind. */
import { SynodError } from '../errors.ts'
import type { Cluster, NodeId } from '../node-id.ts'
import { distinct, isOn, NARROW, stranger, turnOn, wideSet } from './member.ts'
import type { Quorum, Tally } from './system.ts'

/** One zone as a quorum sees it. */
export interface ZoneNeed {
  readonly size: number
  /** How many of its members must be counted for the zone to count; more than `size` in a zone that never counts. */
  readonly need: number
}

/** Some members in each of `needed` zones, where how many may depend on the zone's size. */
export class ZoneQuorum implements Quorum {
  readonly name: string
  readonly smallest: number
  readonly members: readonly NodeId[]
  /** The zones, ascending. */
  readonly zones: readonly ZoneNeed[]
  /** How many zones must count. */
  readonly needed: number
  /** By member index: the position of the member's zone in `zones`. */
  readonly zoneOf: readonly number[]
  /** By member index: the bit set of the member's zone. Meaningful in narrow clusters only. */
  readonly masks: readonly number[]

  /**
   * @param nodes how many members a zone of a given size needs, an integer of at least 1
   * @param needed in how many zones
   * @throws SynodError `config` when no set of members can be such a quorum, or a number is no positive integer
   */
  constructor(cluster: Cluster, nodes: (size: number) => number, needed: number) {
    const zones = [...cluster.zones.values()]
    this.members = cluster.members
    this.zones = zones.map(({ length }) => ({ size: length, need: nodes(length) }))
    this.needed = needed
    this.zoneOf = zones.flatMap((zone, position) => zone.map(() => position))
    this.masks = zones.flatMap((zone) => {
      const mask = zone.reduce((bits, id) => bits | (1 << id.index), 0)
      return zone.map(() => mask)
    })
    this.name = `${nodesText(this.zones)} of each of ${needed} of ${zones.length} zones`

    const numbers = [needed, ...this.zones.map(({ need }) => need)]
    if (!numbers.every((number) => Number.isInteger(number) && number >= 1))
      throw new SynodError('config', `"${this.name}" is no quorum: its numbers must be integers of at least 1`)
    const needs = this.zones.filter(({ size, need }) => need <= size).map(({ need }) => need)
    if (needs.length < needed)
      throw new SynodError('config', `"${this.name}" can never stand: only ${needs.length} zones have so many nodes`)
    this.smallest = needs
      .sort((a, b) => a - b)
      .slice(0, needed)
      .reduce((sum, need) => sum + need, 0)
  }

  tally(): Tally {
    return this.members.length <= NARROW ? new NarrowZoneTally(this) : new WideZoneTally(this)
  }

  includes(members: Iterable<NodeId>): boolean {
    const counts = this.zones.map(() => 0)
    for (const id of distinct(this.members, members)) counts[this.zoneOf[id.index]!]!++
    return this.zones.filter(({ need }, position) => counts[position]! >= need).length >= this.needed
  }

  /**
   * Whether every quorum of this family meets every one of `other`, both over the same cluster.
   *
   * Two of them miss each other when they share no zone that forces a common member. A zone forces one when both can
   * count it and their needs together exceed its size. Both fill the zones that force nothing first; what each then
   * still lacks it takes from the forcing zones, and there is room for both exactly while the two lacks together are
   * no more than the forcing zones are.
   */
  meets(other: ZoneQuorum): boolean {
    let forcing = 0
    let mine = 0
    let others = 0
    for (const [position, { size, need }] of this.zones.entries()) {
      const otherNeed = other.zones[position]!.need
      const usable = need <= size
      const otherUsable = otherNeed <= size
      if (usable && otherUsable && need + otherNeed > size) forcing++
      else {
        if (usable) mine++
        if (otherUsable) others++
      }
    }
    return Math.max(0, this.needed - mine) + Math.max(0, other.needed - others) > forcing
  }
}

function nodesText(zones: readonly ZoneNeed[]): string {
  const needs = zones.map(({ need }) => need)
  const low = Math.min(...needs)
  const high = Math.max(...needs)
  return low === high ? `${low}` : `${low} to ${high}`
}

/** How many bits of a 32-bit integer are on. */
function ones(bits: number): number {
  const pairs = bits - ((bits >>> 1) & 0x55555555)
  const nibbles = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333)
  return Math.imul((nibbles + (nibbles >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

class NarrowZoneTally implements Tally {
  readonly quorum: ZoneQuorum
  /** The members counted, by index. */
  bits = 0
  /** How many zones are missing; negative when there are more than needed. */
  left: number

  constructor(quorum: ZoneQuorum) {
    this.quorum = quorum
    this.left = quorum.needed
  }

  get stands(): boolean {
    return this.left <= 0
  }

  ack(id: NodeId): boolean {
    const { members, masks, zones, zoneOf } = this.quorum
    const index = id.index
    if (members[index] !== id) stranger(id)
    const bit = 1 << index
    if ((this.bits & bit) !== 0) return false
    this.bits |= bit
    return ones(this.bits & masks[index]!) === zones[zoneOf[index]!]!.need && --this.left === 0
  }

  has(id: NodeId): boolean {
    return this.quorum.members[id.index] === id && (this.bits & (1 << id.index)) !== 0
  }
}

/** The same for clusters whose members do not fit in one integer. */
class WideZoneTally implements Tally {
  readonly quorum: ZoneQuorum
  readonly words: Uint32Array
  /** By position in `zones`: how many members were counted. */
  readonly counts: Uint16Array
  left: number

  constructor(quorum: ZoneQuorum) {
    this.quorum = quorum
    this.words = wideSet(quorum.members.length)
    this.counts = new Uint16Array(quorum.zones.length)
    this.left = quorum.needed
  }

  get stands(): boolean {
    return this.left <= 0
  }

  ack(id: NodeId): boolean {
    const { members, zones, zoneOf } = this.quorum
    if (members[id.index] !== id) stranger(id)
    if (!turnOn(this.words, id.index)) return false
    const position = zoneOf[id.index]!
    return ++this.counts[position]! === zones[position]!.need && --this.left === 0
  }

  has(id: NodeId): boolean {
    return this.quorum.members[id.index] === id && isOn(this.words, id.index)
  }
}
