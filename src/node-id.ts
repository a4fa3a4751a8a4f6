/** Who is in a cluster: node ids are interned once from the configuration and compared with `===`. */
import { SynodError } from './errors.ts'

/** A member of a cluster. There is exactly one object per member, so `===` compares. */
export interface NodeId {
  /** The zone (data centre, region) the node is in, at least 1. */
  readonly zone: number
  /** The node's number within its zone, at least 1. */
  readonly node: number
  /** The member number: the position in `Cluster.members`, 0 … n−1. It feeds bit sets and ballots. */
  readonly index: number
  /** `zone.node`, as in the configuration: `1.10` is not `1.1`. */
  readonly name: string
}

/** Ballots carry a member number below this, see `Ballots`. */
export const MAX_MEMBERS = 4096

const FORM = /^([1-9][0-9]{0,8})\.([1-9][0-9]{0,8})$/

/** Whether a member could be called that. */
export function isNodeName(name: string): boolean {
  return FORM.test(name)
}

/** The members of a cluster, ordered by zone and node. Immutable. */
export class Cluster {
  readonly members: readonly NodeId[]
  /** The zones, ascending, each with its members. */
  readonly zones: ReadonlyMap<number, readonly NodeId[]>
  readonly #byName: ReadonlyMap<string, NodeId>

  /**
   * @param names one `zone.node` per member, in any order
   * @throws SynodError `config` when a name is malformed or given twice, or the list is empty or too long
   */
  constructor(names: Iterable<string>) {
    const parsed = [...names].map((name) => {
      const match = FORM.exec(name)
      if (!match) throw new SynodError('config', `node id "${name}" is not of the form zone.node, such as 1.1`)
      return { name, zone: Number(match[1]), node: Number(match[2]) }
    })
    parsed.sort((a, b) => a.zone - b.zone || a.node - b.node)
    this.members = parsed.map(({ name, zone, node }, index) => ({ zone, node, index, name }))
    this.#byName = new Map(this.members.map((id) => [id.name, id]))
    if (this.members.length === 0) throw new SynodError('config', 'a cluster needs at least one node')
    if (this.members.length > MAX_MEMBERS) throw new SynodError('config', `more than ${MAX_MEMBERS} nodes`)
    if (this.#byName.size < this.members.length) throw new SynodError('config', 'a node id is given twice')
    const zones = new Map<number, NodeId[]>()
    for (const id of this.members) {
      const zone = zones.get(id.zone)
      if (zone) zone.push(id)
      else zones.set(id.zone, [id])
    }
    this.zones = zones
  }

  /** The number of members. */
  get size(): number {
    return this.members.length
  }

  /** The member called `name`, or undefined. */
  find(name: string): NodeId | undefined {
    return this.#byName.get(name)
  }

  /**
   * The member with this member number.
   * @throws SynodError `internal` when there is none
   */
  at(index: number): NodeId {
    const id = this.members[index]
    if (!id) throw new SynodError('internal', `no member number ${index}`)
    return id
  }
}
