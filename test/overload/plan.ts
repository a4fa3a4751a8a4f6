/** What the overload's main process asks of its generator, and what the generator tells it: plain data, sent between processes. */

/** One stretch of load. */
export interface Plan {
  /** The ports of the nodes' REST interfaces, on the loopback. */
  readonly ports: readonly number[]
  /** Connections to all nodes together. */
  readonly connections: number
  /** How many requests one connection may have under way: HTTP's pipelining. */
  readonly depth: number
  /** Arrivals per second, whatever the answers; null is a closed loop: as fast as answers come. */
  readonly rate: number | null
  readonly seconds: number
  /** What comes before is not counted. */
  readonly warmUpSeconds: number
  /** Keys are drawn from 0 to this. */
  readonly keys: number
}

/** What became of requests. */
export interface Tally {
  /** Requests that were due; those that found no room on any connection are `withheld`, and were never sent. */
  arrivals: number
  withheld: number
  done: number
  /** 503 with `Retry-After`: a queue was full. */
  refused: number
  /** Anything else by what it was: `503 ` and a reason, `504 ` and a reason, other statuses, lost connections. */
  others: Record<string, number>
}

/** Milliseconds. */
export interface Latency {
  readonly p50: number
  readonly p99: number
}

/** The outcome of a plan. */
export interface Outcome {
  readonly tally: Tally
  /** How long what was counted took. */
  readonly seconds: number
  /** Answers per second of what was counted, second by second. */
  readonly doneBySecond: readonly number[]
  /** From the intended time of a request to its answer. */
  readonly doneMs: Latency
  readonly refusedMs: Latency
  /** Processors that the generator itself took. */
  readonly processors: number
}
