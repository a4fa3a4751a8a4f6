/** How the benchmark reaches a cluster: the seam behind which REST is one client and a binary protocol another. */

/** Who is told how an operation ended: one of the two, once, and success never from within `send`. */
export interface OperationReceiver {
  /** It was applied; `value` is what a read gave, empty when the key is absent. */
  onApplied(value: Uint8Array): void
  /**
   * It gave no result.
   * @param definite whether it was certainly not applied; else it may have been, now or later
   * @param reason one clause for people
   */
  onFailed(definite: boolean, reason: string): void
}

/** Carries operations to a cluster. */
export interface Transport {
  /** Reads `key`, or writes `value` under it when there is one, and tells `receiver` how it ended. */
  send(key: number, value: Uint8Array | null, receiver: OperationReceiver): void
  /**
   * Looks whether anything answers at all.
   * @returns null when so, else a sentence that says who did not
   */
  probe(): Promise<string | null>
  /** Gives up: operations under way end as failed. */
  abandon(): Promise<void>
  /** Closes what is open, once operations under way have ended. */
  close(): Promise<void>
}
