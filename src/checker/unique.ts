/**
 * The fast judge of a register whose puts all write different values, none of them the initial one: O(n log n), without
 * search, and so without a limit. Gibbons and Korach, Testing shared memories (SIAM J. Computing 1997), in the form of
 * zones by Golab, Li and Shah, Analyzing consistency properties for fun and profit (PODC 2011).
 *
 * A cluster is a put with the gets that return its value. In any linearization its operations stand together, the put
 * first. Let `finish` be the first return of the cluster, and `start` its last call. Cluster A must stand before B,
 * A → B, exactly if one of A's operations returns before one of B's is called: finish(A) < start(B).
 *
 * Claim: there is a linearization exactly if no get returns a value that nobody has begun to write, and no two clusters
 * have A → B and B → A. That this is needed is plain. It is enough, because ordering the clusters by min(finish, start)
 * then respects every arrow. Suppose A → B, so finish(A) < start(B), and not B → A, so start(A) <= finish(B). Then
 * min(A) <= start(A) <= finish(B) and min(A) <= finish(A) < start(B), so min(A) <= min(B), and equality is excluded
 * because all ranks differ. Within a cluster the put comes first (no get returned before its call), then the gets by
 * call. So no operation stands behind one that it precedes.
 *
 * The initial value is the cluster of a put that ended before everything else. An open put is in its cluster only once
 * a get has returned its value; before that it may never happen. A put that ended is a cluster by itself.
 *
 * Returns are taken one by one, so the first conflict is at the end of the shortest prefix that is not linearizable.
 * `finish` is fixed by a cluster's first return, so clusters in order of appearance are ordered by `finish`: a conflict
 * of C is a cluster among those with finish < start(C) whose start is above finish(C), a maximum over a range.
 */
import type { Judgement } from './judgement.ts'
import { Maxima } from './maxima.ts'
import type { Value } from './operation.ts'
import type { Timeline } from './timeline.ts'

/** The rank of what precedes everything. */
const BEFORE = -1

/**
 * Judges a register with unique values.
 * @returns undefined where it does not apply: an operation besides get and put, or a value that is not unique
 */
export function judgeUnique(line: Timeline, initial: Value): Judgement | undefined {
  const puts = putsByValue(line, initial)
  return puts && new Zones(line, puts).judge()
}

/** The put of each value, the initial one's being −1. */
function putsByValue({ operations }: Timeline, initial: Value): Map<unknown, number> | undefined {
  const puts = new Map<unknown, number>([[initial, BEFORE]])
  for (let i = 0; i < operations.length; i++) {
    const { op, input } = operations[i]!
    if (op === 'get') continue
    if (op !== 'put' || puts.has(input)) return undefined
    puts.set(input, i)
  }
  return puts
}

class Zones {
  readonly #line: Timeline
  readonly #puts: ReadonlyMap<unknown, number>
  /** The cluster of each put in order of appearance, −1 as long as it has none; the initial value's is cluster 0. */
  readonly #clusterOf: Int32Array
  readonly #putOf: number[] = [BEFORE]
  readonly #finish: number[] = [BEFORE]
  readonly #starts: Maxima

  constructor(line: Timeline, puts: ReadonlyMap<unknown, number>) {
    this.#line = line
    this.#puts = puts
    this.#clusterOf = new Int32Array(line.operations.length).fill(-1)
    this.#starts = new Maxima(puts.size)
    this.#starts.raise(0, BEFORE)
  }

  judge(): Judgement {
    const { byReturn } = this.#line
    for (let i = 0; i < byReturn.length; i++) {
      if (!this.#place(byReturn[i]!)) {
        return { verdict: 'not linearizable', blocked: byReturn[i]!, order: this.#order(i) }
      }
    }
    return { verdict: 'linearizable', order: this.#order(byReturn.length) }
  }

  /** Adds the next operation to return; false if it cannot be linearized. */
  #place(p: number): boolean {
    const { call, end } = this.#line
    const put = this.#put(p)
    if (put === undefined || (put !== BEFORE && call[put]! > end[p]!)) return false
    let cluster = put === BEFORE ? 0 : this.#clusterOf[put]!
    if (cluster < 0) {
      cluster = this.#finish.push(end[p]!) - 1
      this.#putOf.push(put)
      this.#clusterOf[put] = cluster
      this.#starts.raise(cluster, call[put]!)
    }
    const start = Math.max(this.#starts.at(cluster), call[p]!)
    if (this.#conflicts(cluster, start)) return false
    this.#starts.raise(cluster, start)
    return true
  }

  #put(p: number): number | undefined {
    const { op, output } = this.#line.operations[p]!
    return op === 'put' ? p : this.#puts.get(output)
  }

  #conflicts(cluster: number, start: number): boolean {
    const finish = this.#finish[cluster]!
    const end = below(this.#finish, start)
    return this.#starts.max(0, Math.min(cluster, end)) > finish || this.#starts.max(cluster + 1, end) > finish
  }

  /** The linearization of the first `count` operations to return. */
  #order(count: number): Int32Array {
    const clusters = new Map<number, number[]>()
    for (const p of this.#line.byReturn.subarray(0, count)) {
      const put = this.#put(p)!
      const cluster = put === BEFORE ? 0 : this.#clusterOf[put]!
      const gets = clusters.get(cluster) ?? []
      if (p !== put) gets.push(p)
      clusters.set(cluster, gets)
    }
    const position = (cluster: number) => Math.min(this.#finish[cluster]!, this.#starts.at(cluster))
    const order: number[] = []
    for (const cluster of [...clusters.keys()].sort((a, b) => position(a) - position(b))) {
      if (this.#putOf[cluster] !== BEFORE) order.push(this.#putOf[cluster]!)
      for (const get of clusters.get(cluster)!.sort((a, b) => a - b)) order.push(get)
    }
    return Int32Array.from(order)
  }
}

/** How many of the ascending `numbers` are below `limit`. */
function below(numbers: readonly number[], limit: number): number {
  let low = 0
  let high = numbers.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (numbers[middle]! < limit) low = middle + 1
    else high = middle
  }
  return low
}
