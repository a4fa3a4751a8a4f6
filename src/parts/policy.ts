/**
 * When an object should move to another owner, judged by who asks for it. The names, thresholds and definitions are those
 * of Paxi (github.com/ailidani/paxi, policy.go at 6823d0b); where it moves an object to nobody's advantage, the departure
 * is noted. One policy is kept per object, so it is small, and makes what it needs only when it is hit.
 */
import type { NodeId } from '../node-id.ts'

/** The names of the policies, as Paxi's configuration has them. `null` never moves anything. */
export type PolicyName = 'consecutive' | 'majority' | 'ema' | 'null'

/** When one object should move to another owner, judged by who asks for it. */
export interface Policy {
  /** Counts a request that came from `from`; gives where the object should be now, or null for where it is. */
  hit(from: NodeId, nowMs: number): NodeId | null
}

/**
 * Makes the policy for one object; as in Paxi (policy.go), with departures noted where they are.
 * @param threshold consecutive: hits in a row; majority: seconds; ema: the weight of the newest hit, 0 to 1
 */
export function createPolicy(name: PolicyName, threshold: number): Policy {
  switch (name) {
    case 'consecutive':
      return new Consecutive(threshold)
    case 'majority':
      return new Majority(threshold * 1000)
    case 'ema':
      return new ExponentialAverage(threshold)
    case 'null':
      return STAY
  }
}

const STAY: Policy = { hit: () => null }

/** To the node whose requests came `threshold` times in a row. */
class Consecutive implements Policy {
  readonly #threshold: number
  #last: NodeId | null = null
  #hits = 0

  constructor(threshold: number) {
    // Paxi cuts fractions off.
    this.#threshold = Math.trunc(threshold)
  }

  hit(from: NodeId): NodeId | null {
    this.#hits = from === this.#last ? this.#hits + 1 : 1
    this.#last = from
    if (this.#hits < this.#threshold) return null
    this.#hits = 0
    this.#last = null
    return from
  }
}

/**
 * To the node from which more than half of the requests of an interval came; the first request after its end decides, and
 * counts. An interval of a single request decides nothing. Paxi cuts the interval to whole seconds, and has the first begin
 * when the policy is made; here fractions count, and it begins with the first request.
 */
class Majority implements Policy {
  readonly #intervalMs: number
  #startedAt = Number.NaN
  #sum = 0
  #hits: Map<NodeId, number> | null = null

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs
  }

  hit(from: NodeId, nowMs: number): NodeId | null {
    if (Number.isNaN(this.#startedAt)) this.#startedAt = nowMs
    this.#hits ??= new Map()
    this.#hits.set(from, (this.#hits.get(from) ?? 0) + 1)
    this.#sum += 1
    if (this.#sum <= 1 || nowMs - this.#startedAt < this.#intervalMs) return null
    // Paxi takes any node with at least half, rounded down: one of three, and by chance one of several.
    const winner = [...this.#hits].find(([, count]) => count * 2 > this.#sum)?.[0] ?? null
    this.#hits = null
    this.#sum = 0
    this.#startedAt = nowMs
    return winner
  }
}

/** How near to a whole number the average must be. */
const EPSILON = 0.1

/**
 * To the zone that the exponential moving average of the requests' zone numbers has settled on: the first time it is within
 * 0.1 of a number that it has not named before. As Paxi averages numbers, requests from zones 1 and 3 may meet in 2; here
 * an object only moves to a zone that asks for it, and to the node there that does.
 */
class ExponentialAverage implements Policy {
  readonly #alpha: number
  #average = 0
  #zone = 0

  constructor(alpha: number) {
    this.#alpha = alpha
  }

  hit(from: NodeId): NodeId | null {
    if (this.#average === 0) {
      this.#average = from.zone
      return null
    }
    this.#average = this.#alpha * from.zone + (1 - this.#alpha) * this.#average
    const zone = Math.round(this.#average)
    if (Math.abs(this.#average - zone) > EPSILON || zone === this.#zone || zone !== from.zone) return null
    this.#zone = zone
    return from
  }
}
