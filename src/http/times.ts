/**
 * How long a request may take to arrive: 408 leaves within 10 s for headers, and within 30 s for a whole request. Node
 * takes what it is not given from defaults of its own, and the smaller time for the headers, so it is given all of them.
 */

/** Times of a server. */
export interface Times {
  /** How long headers may take. */
  readonly headersTimeoutMs: number
  /** How long a whole request may take. */
  readonly requestTimeoutMs: number
  /** How often both are checked. */
  readonly checkIntervalMs: number
}

/** The times of every server here, unless it is told others. */
export const TIMES: Times = { headersTimeoutMs: 9_000, requestTimeoutMs: 29_000, checkIntervalMs: 500 }

/** The same as Node's server takes them. */
export function nodeTimes({ headersTimeoutMs, requestTimeoutMs, checkIntervalMs }: Times) {
  return {
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    connectionsCheckingInterval: checkIntervalMs,
  }
}
