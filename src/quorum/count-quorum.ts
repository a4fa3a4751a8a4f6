/** Quorums by number alone: any `need` members. Majorities, fast quorums and whole clusters are all of this kind. */
import { SynodError } from '../errors.ts'
import type { Cluster, NodeId } from '../node-id.ts'
import { distinct, isOn, NARROW, stranger, turnOn, wideSet } from './member.ts'
import type { Quorum, Tally } from './system.ts'

/** Any `need` members of a cluster. */
export class CountQuorum implements Quorum {
  readonly name: string
  readonly members: readonly NodeId[]
  readonly need: number

  /**
   * @param need how many members make a quorum, an integer from 1 to the cluster's size
   * @throws SynodError `config` when it is not
   */
  constructor(cluster: Cluster, need: number) {
    if (!Number.isInteger(need) || need < 1 || need > cluster.size)
      throw new SynodError('config', `a quorum of ${need} is impossible in a cluster of ${cluster.size}`)
    this.name = `${need} of ${cluster.size}`
    this.members = cluster.members
    this.need = need
  }

  get smallest(): number {
    return this.need
  }

  tally(): Tally {
    return this.members.length <= NARROW ? new NarrowTally(this) : new WideTally(this)
  }

  includes(members: Iterable<NodeId>): boolean {
    return distinct(this.members, members).size >= this.need
  }
}

/** A tally is made for each slot of the log, so this one is a single small object. */
class NarrowTally implements Tally {
  readonly quorum: CountQuorum
  /** The members counted, by index. */
  bits = 0
  /** How many are missing; negative when there are more than needed. */
  left: number

  constructor(quorum: CountQuorum) {
    this.quorum = quorum
    this.left = quorum.need
  }

  get stands(): boolean {
    return this.left <= 0
  }

  ack(id: NodeId): boolean {
    if (this.quorum.members[id.index] !== id) stranger(id)
    const bit = 1 << id.index
    if ((this.bits & bit) !== 0) return false
    this.bits |= bit
    return --this.left === 0
  }

  has(id: NodeId): boolean {
    return this.quorum.members[id.index] === id && (this.bits & (1 << id.index)) !== 0
  }
}

/** The same for clusters whose members do not fit in one integer. */
class WideTally implements Tally {
  readonly quorum: CountQuorum
  readonly words: Uint32Array
  left: number

  constructor(quorum: CountQuorum) {
    this.quorum = quorum
    this.words = wideSet(quorum.members.length)
    this.left = quorum.need
  }

  get stands(): boolean {
    return this.left <= 0
  }

  ack(id: NodeId): boolean {
    if (this.quorum.members[id.index] !== id) stranger(id)
    return turnOn(this.words, id.index) && --this.left === 0
  }

  has(id: NodeId): boolean {
    return this.quorum.members[id.index] === id && isOn(this.words, id.index)
  }
}
