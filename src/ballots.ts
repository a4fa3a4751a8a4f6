/** Ballot numbers: one safe integer that orders rounds and names the owner, `round * 4096 + member number`. */
import { type Cluster, MAX_MEMBERS, type NodeId } from './node-id.ts'

/** No honest node gets here: ballots stay safe integers (the codec's `uint53`) with as many rounds again above. */
const MAX_ROUND = 2 ** 40

/** The ballot below all others: nobody's, never issued. */
export const NO_BALLOT = 0

/** Ballot arithmetic for one cluster. Round 0 is never issued, so every issued ballot is above `NO_BALLOT`. */
export class Ballots {
  readonly #cluster: Cluster

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  /** The round of a ballot. */
  round(ballot: number): number {
    return Math.floor(ballot / MAX_MEMBERS)
  }

  /** The member that alone may issue `ballot`; undefined for `NO_BALLOT` and for ballots that name no member. */
  owner(ballot: number): NodeId | undefined {
    return ballot < MAX_MEMBERS ? undefined : this.#cluster.members[ballot % MAX_MEMBERS]
  }

  /** Whether `ballot` is one that some member could have issued. Anything else in a message is a lie. */
  valid(ballot: number): boolean {
    return this.owner(ballot) !== undefined && this.round(ballot) <= MAX_ROUND
  }

  /** The lowest ballot of `owner` that is `step` ≥ 1 rounds above `ballot`. */
  next(ballot: number, owner: NodeId, step = 1): number {
    return (this.round(ballot) + step) * MAX_MEMBERS + owner.index
  }

  /** As Paxi prints it: `round.zone.node`; `0.0` when nobody owns it. */
  format(ballot: number): string {
    const owner = this.owner(ballot)
    return owner ? `${this.round(ballot)}.${owner.name}` : '0.0'
  }
}
