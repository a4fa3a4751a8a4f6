/** One kind of bad input, and what has to come of it. */
export interface Row {
  readonly name: string
  /** Sends it once, and gives what came of it. */
  readonly once: () => Promise<string>
  /** What must come of it each time. */
  readonly expected: string
  /** What may come instead on the way there: it is told, and not counted as a repeat. */
  readonly besides?: readonly string[]
  /** How many are under way at once; 32 if left out. */
  readonly lanes?: number
  /** How many repeats one counts for, since it is thousands of requests; 1 if left out. */
  readonly weight?: number
  /** A metric of the node that must rise by one with each repeat, which shows that it has reached what refuses it. */
  readonly counter?: string
  /** Whether some may be lost on the way: they are sent again until the counter has risen by as many as were wanted. */
  readonly lossy?: boolean
  /** Whether the node is cut off from the others meanwhile. */
  readonly cut?: boolean
}
