/**
 * Paxi's measure of inconsistency: how many reads a history has that real time contradicts. It is not a verdict.
 *
 * Paxi follows Lu et al., Existential consistency (SOSP 2015). It goes through the operations of a key by their calls
 * and keeps a graph in which A → B means that A ended before B began. A read is merged with the write of its value,
 * which inherits the read's arrows; if that closes a cycle, the read counts as an anomaly and the cycle is cut. What it
 * finds are stale reads: of a value that is known to have been overwritten, by a write or by another read that saw the
 * later value. A read of a value that nobody wrote, or that was written only after the read had ended, merges with
 * nothing and is not counted; nor is a read of the initial value. `checkHistory` finds these too.
 *
 * Here the same is counted without a graph. A cluster is a write with the reads merged into it, `finish` is its first
 * return and `start` its last call, so A → B exactly if finish(A) < start(B); where there is a cycle there is one of
 * length two (see `unique.ts`). Operations come by call, so the cluster that grew last has the highest start: clusters
 * are kept in that order, and only those that were active after the read's value was finished are looked at.
 */
import { assertOperation, type History, type Operation } from './operation.ts'

/** A write and the reads merged into it, in a ring ordered by `start`. */
interface Cluster {
  readonly write: Operation
  finish: number
  start: number
  before: Cluster
  after: Cluster
}

/**
 * The number of anomalous reads as Paxi counts them, over all keys. Only `get` and `put` are looked at. The number means
 * something if values are unique. Where a value is written more than once, nobody can tell which write a read saw: Paxi
 * takes any of them, this takes the latest that real time allows, of those in flight with the read and the last before
 * it. Either may be the wrong one, and a later read then be counted for it.
 * @throws SynodError `malformed` for an operation with impossible times
 */
export function anomalies(history: History): number {
  const keys = new Map<string, Operation[]>()
  for (const operation of history) {
    assertOperation(operation)
    if (operation.outcome === 'failed' || (operation.op === 'get' && operation.outcome === 'unknown')) continue
    const operations = keys.get(operation.key)
    if (operations) operations.push(operation)
    else keys.set(operation.key, [operation])
  }
  let count = 0
  for (const operations of keys.values()) count += anomaliesOfKey(operations)
  return count
}

function anomaliesOfKey(operations: Operation[]): number {
  operations.sort((a, b) => a.call - b.call)
  const clusters = new Map<Operation, Cluster>()
  const byValue = new Map<unknown, Cluster[]>()
  for (const write of operations) {
    if (write.op !== 'put') continue
    const cluster = alone(write)
    clusters.set(write, cluster)
    const same = byValue.get(write.input)
    if (same) same.push(cluster)
    else byValue.set(write.input, [cluster])
  }
  const ring = alone({ client: '', key: '', op: '', input: null, output: null, call: 0, return: 0, outcome: 'failed' })
  let count = 0
  for (const operation of operations) {
    const cluster = clusters.get(operation)
    if (cluster) append(ring, cluster)
    else if (operation.op === 'get' && !merge(ring, operation, byValue.get(operation.output) ?? [])) count++
  }
  return count
}

function alone(write: Operation): Cluster {
  const finish = write.outcome === 'unknown' ? Infinity : write.return
  const cluster = { write, finish, start: write.call } as Cluster
  cluster.before = cluster.after = cluster
  return cluster
}

/** Moves a cluster to the end of the ring. */
function append(ring: Cluster, cluster: Cluster): void {
  cluster.before.after = cluster.after
  cluster.after.before = cluster.before
  cluster.before = ring.before
  cluster.after = ring
  ring.before.after = cluster
  ring.before = cluster
}

/** Merges a read with the latest write of its value that real time allows; false if it allows none of them. */
function merge(ring: Cluster, read: Operation, same: readonly Cluster[]): boolean {
  const last = calledBy(same, read.return) - 1
  for (let i = last; i >= 0; i--) {
    const cluster = same[i]!
    const finish = Math.min(cluster.finish, read.return)
    const start = Math.max(cluster.start, read.call)
    if (!contradicts(ring, cluster, finish, start)) {
      cluster.finish = finish
      cluster.start = start
      if (cluster.write.call <= read.call) append(ring, cluster)
      return true
    }
    if (cluster.write.return < read.call) return false
  }
  return last < 0
}

/** How many of these clusters, in the order of their calls, were called by `time`. */
function calledBy(clusters: readonly Cluster[], time: number): number {
  let low = 0
  let high = clusters.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (clusters[middle]!.write.call <= time) low = middle + 1
    else high = middle
  }
  return low
}

function contradicts(ring: Cluster, cluster: Cluster, finish: number, start: number): boolean {
  for (let other = ring.before; other !== ring && other.start > finish; other = other.before) {
    if (other !== cluster && other.finish < start) return true
  }
  return false
}
